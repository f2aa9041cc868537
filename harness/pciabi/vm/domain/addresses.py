"""Where a domain's element says that its device sits, in QEMU's words.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildDeviceAddressProps and qemuBuildRomProps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.disk_places import DiskPlace, written_place
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.vocabulary import chosen, missing, unknown
from pciabi.vm.domain.words import Property, stated
from pciabi.vm.libvirt_devices import own_address
from pciabi.vm.xml_tree import Element

PCI_WORDS = frozenset(
    {"address", "alias", "alias@name", "acpi", "acpi@index"}
    | {
        f"address@{word}"
        for word in (
            *("type", "domain", "bus", "slot", "function", "multifunction"),
            *("controller", "target", "unit", "port", "iobase", "irq", "base"),
        )
    }
)
"""What the element of any PCI device may say of its place and its id."""
_NARROW_SCSI = ("lsilogic", "ncr53c90", "dc390", "am53c974")
ROM_WORDS = frozenset({"rom", "rom@bar", "rom@file", "rom@enabled"})
"""What the element of a device that has a ROM may say of it."""


def pci(domain: Domain, device: Element) -> tuple[Property, ...]:
    """`bus`, `addr`, `multifunction` and `acpi-index` of a device. Raises InputError where no PCI
    address is written."""
    address = own_address(device)
    if address is None or not {"slot", "bus"} & address.attributes.keys():
        raise missing(device, "has no PCI address: libvirt would give it one")
    if address.attributes.get("type", "pci") != "pci":
        chosen(device, "address type", address.attributes["type"], {"pci": None}, address)
    if number(address, "domain"):
        raise unknown(device, f"address domain='{address.attributes['domain'][:40]}'", address)
    slot, function = number(address, "slot"), number(address, "function")
    bus = domain.controller("pci", number(address, "bus"), device)
    place = f"{slot:#x}.{function:#x}" if function else f"{slot:#x}"
    acpi = device.child("acpi") if domain.dialect.has(Trait.ACPI_INDEX) else None
    index = number(acpi, "index") if acpi is not None else 0
    return stated(
        address,
        ("bus", domain.alias(bus)),
        ("multifunction", switch(address, "multifunction")),
        ("addr", place),
        ("acpi-index", index or None),
    )


def off_pci(domain: Domain, device: Element) -> tuple[Property, ...]:
    """The place of a device on USB, ISA, SCSI or virtio-serial; nothing where none is written, and
    QEMU chooses one. Raises InputError."""
    address = own_address(device)
    kind = address.attributes.get("type") if address is not None else None
    if address is None or kind is None:
        return ()
    return chosen(device, "address type", kind, _OFF_PCI, address)(domain, device, address)


def scsi(domain: Domain, device: Element, place: DiskPlace) -> tuple[Property, ...]:
    """The place of a device on a SCSI controller. Raises InputError."""
    controller = domain.controller("scsi", place.controller, device)
    name = domain.alias(controller)
    at = own_address(device) or device
    if controller.attributes.get("model") in _NARROW_SCSI:
        return stated(at, ("bus", f"{name}.{place.bus}"), ("scsi-id", place.unit))
    return stated(
        at,
        ("bus", f"{name}.0"),
        ("channel", place.bus),
        ("scsi-id", place.target),
        ("lun", place.unit),
    )


def rom(device: Element) -> tuple[Property, ...]:
    """`rombar` and `romfile`. Raises InputError."""
    found = device.child("rom")
    if found is None:
        return ()
    if switch(found, "enabled") is False:
        return stated(found, ("romfile", ""))
    bar = switch(found, "bar")
    return stated(
        found,
        ("rombar", None if bar is None else int(bar)),
        ("romfile", found.attributes.get("file")),
    )


def _usb(domain: Domain, device: Element, address: Element) -> tuple[Property, ...]:
    controller = domain.controller("usb", number(address, "bus"), device)
    bus = f"{domain.alias(controller)}.0"
    return stated(address, ("bus", bus), ("port", address.attributes.get("port")))


def _isa(_domain: Domain, _device: Element, address: Element) -> tuple[Property, ...]:
    irq = number(address, "irq")
    return stated(address, ("iobase", number(address, "iobase")), ("irq", irq or None))


def _drive(domain: Domain, device: Element, address: Element) -> tuple[Property, ...]:
    return scsi(domain, device, written_place(address))


def _virtio_serial(domain: Domain, device: Element, address: Element) -> tuple[Property, ...]:
    controller = domain.controller("virtio-serial", number(address, "controller"), device)
    bus = f"{domain.alias(controller)}.{number(address, 'bus')}"
    return stated(address, ("bus", bus), ("nr", number(address, "port")))


_Place = Callable[[Domain, Element, Element], tuple[Property, ...]]
_OFF_PCI: Mapping[str, _Place] = MappingProxyType(
    {
        "usb": _usb,
        "isa": _isa,
        "drive": _drive,
        "virtio-serial": _virtio_serial,
        "pci": lambda d, e, _a: pci(d, e),
    }
)
