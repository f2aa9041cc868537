"""Devices that a domain hands to QEMU behind libvirt's back: `<qemu:commandline>`.

libvirt does not know of them. It gives addresses to its own devices and puts these words at the
end of the command line, so that what has no address gets the first slot that is left.
"""

from __future__ import annotations

import re
from dataclasses import replace

from pciabi.vm import placeholder
from pciabi.vm.command_line.argument import Argument, Unresolved, plain
from pciabi.vm.command_line.option import Option, QemuCommandLine, parse
from pciabi.vm.pci_vm import Family, PciDevice, Place
from pciabi.vm.qemu_machine import vm
from pciabi.vm.xml_tree import Element

# libvirt calls QEMU's pci.3 controller 3.
_BUS = re.compile(r"(?:pci|pcie)\.(\d+)")


def passed_through(domain: Element, family: Family) -> tuple[PciDevice, ...]:
    """The PCI devices among a domain's own QEMU arguments. Raises InputError."""
    file = domain.start.file
    words = [
        _argument(element)
        for arguments in domain.all("commandline")
        for element in arguments.all("arg")
    ]
    if not words:
        return ()
    machine = "q35" if family is Family.Q35 else "pc"
    given = (
        Option("nodefaults", plain("-nodefaults", file, 1), None),
        Option("machine", plain("-machine", file, 1), plain(machine, file, 1)),
    )
    line = parse(None, words, file)
    made = vm(QemuCommandLine(None, (*given, *line.options), file))
    return tuple(
        replace(
            d,
            place=_place(d.place) if d.place is not None else None,
            remedy=d.remedy or made.remedy,
        )
        for d in made.devices
    )


def _argument(element: Element) -> Argument:
    written = element.argument("value")
    open_parts = tuple(
        Unresolved(match.start(), match.end(), match[0], "something fills it in")
        for match in placeholder.every(written.text)
    )
    return replace(written, unresolved=open_parts)


def _place(place: Place) -> Place:
    match = _BUS.fullmatch(place.bus)
    return replace(place, bus=match[1]) if match is not None else place
