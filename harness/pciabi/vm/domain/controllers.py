"""`<controller>`: who writes which type, and in which order.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildControllersCommandLine; src/conf/domain_conf.c,
virDomainControllerInsert.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import pci_controllers, storage_controllers, usb_controllers
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.vocabulary import chosen
from pciabi.vm.domain.words import flag
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element

_Writer = Callable[[Domain, Element], Iterator[Option]]
_IN_ORDER: Mapping[str, _Writer] = MappingProxyType(
    {
        "pci": pci_controllers.options,
        "usb": usb_controllers.options,
        "scsi": storage_controllers.scsi,
        "ide": storage_controllers.ide,
        "sata": storage_controllers.sata,
        "virtio-serial": storage_controllers.virtio_serial,
        "nvme": storage_controllers.nvme,
    }
)
# Written elsewhere, or nowhere.
_LATER: Mapping[str, _Writer] = MappingProxyType(
    {"ccid": storage_controllers.card_reader, "fdc": storage_controllers.floppy}
)


def options(domain: Domain) -> Iterator[Option]:
    """A `-device` for each controller that the chipset does not have. Raises InputError."""
    for controller in domain.each("controller"):
        chosen(controller, "type", controller.attributes.get("type", ""), {**_IN_ORDER, **_LATER})
    for kind, write in _IN_ORDER.items():
        for controller in _of_type(domain, kind):
            yield from write(domain, controller)
    if domain.family is Family.I440FX and not _of_type(domain, "usb"):
        # libvirt before 10.10 then asks for the controller that i440FX brings along.
        yield flag("usb", domain.root.start)


def behind_hubs(domain: Domain) -> Iterator[Option]:
    """Those that sit on USB. Raises InputError."""
    for kind, write in _LATER.items():
        for controller in _of_type(domain, kind):
            yield from write(domain, controller)


def _of_type(domain: Domain, kind: str) -> list[Element]:
    """The controllers of a type as libvirt keeps them: by index, and a companion after those it
    belongs to."""
    found = [one for one in domain.each("controller") if one.attributes.get("type") == kind]
    return sorted(found, key=lambda one: (number(one, "index"), one.child("master") is not None))
