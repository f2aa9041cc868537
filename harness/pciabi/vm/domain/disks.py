"""`<disk>`: disks, CD-ROM and floppy drives.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildDisksCommandLine and qemuBuildDiskDeviceProps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import block_backends, disk_devices, disk_places
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.disk_order import in_order
from pciabi.vm.domain.disk_words import VOCABULARY
from pciabi.vm.domain.numbers import switch
from pciabi.vm.domain.vocabulary import must_know
from pciabi.vm.domain.words import Property, bare, stated
from pciabi.vm.libvirt_devices import disk_bus
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element


def options(domain: Domain) -> Iterator[Option]:
    """What a floppy controller needs, and the image and the `-device` of each disk.

    Raises InputError.
    """
    for disk in domain.each("disk"):
        must_know(disk, VOCABULARY)
    disks = in_order(list(domain.each("disk")))
    yield from _floppy_controller(domain, disks)
    for disk in disks:
        # libvirt plugs one that shares its image in once the machine runs.
        if not switch(disk.child("transient"), "shareBacking"):
            yield from block_backends.backend(domain, disk)
            yield disk_devices.device(domain, disk)


def _floppy_controller(domain: Domain, disks: Sequence[Element]) -> Iterator[Option]:
    floppies = [disk for disk in disks if disk_bus(disk) == "fdc"]
    if not floppies:
        return
    boots = [
        Property(f"bootindex{'B' if _is_second(floppy) else 'A'}", item.value, item.place)
        for floppy in floppies
        for item in domain.boot_index(floppy)
    ]
    if domain.family is Family.Q35:
        yield domain.device(stated(floppies[0], ("driver", "isa-fdc")), boots)
        return
    for item in boots:
        yield bare("global", f"isa-fdc.{item.name}={item.value}", item.place)


def _is_second(floppy: Element) -> bool:
    place = disk_places.place(floppy)
    return place is not None and place.unit > 0
