"""libvirt domain XML: one domain, several, or one inside a status, snapshot or backup wrapper.

How its devices are placed is `vm.allocation.libvirt`'s. Only a direct child `<address>` is the
guest's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import MappingProxyType

from pciabi.vm import machine_family, placeholder, windows_guest, xml_tree
from pciabi.vm.allocation import libvirt as allocation
from pciabi.vm.domain import drifting_models, kind
from pciabi.vm.domain.numbers import number
from pciabi.vm.formats import ConfigText, Format, Vm
from pciabi.vm.libvirt_devices import DeviceModel, device_model, own_address
from pciabi.vm.libvirt_implicit import implicit
from pciabi.vm.libvirt_passthrough import passed_through
from pciabi.vm.pci_vm import (
    MAY_BE,
    Creation,
    Family,
    PciDevice,
    PciVm,
    Pinning,
    Place,
    Role,
    Span,
)
from pciabi.vm.statement import Statement
from pciabi.vm.xml_tree import Element

_REMEDY = (
    "give it <address type='pci' domain='0x0000' bus='…' slot='…' function='0x0'/>: "
    "the one that `virsh dumpxml` shows once it is defined"
)
_LAST = 1 << 32


def detects(source: ConfigText) -> bool:
    """XML with a domain in it."""
    return source.text.lstrip("\ufeff \t\r\n").startswith("<") and "<domain" in source.text


def read(source: ConfigText) -> tuple[Vm, ...]:
    """Every domain of x86. Raises InputError."""
    root = xml_tree.read(source.file, source.text)
    return tuple(Vm(_vm(domain), partial(_statements, domain)) for domain in root.below("domain"))


def _statements(domain: Element) -> tuple[Statement, ...]:
    return (domain.statement(),)


def _vm(domain: Element) -> PciVm:
    family = kind.family(domain)
    if family is not Family.UNKNOWN:
        return _vm_of(domain, family)
    readings = [_vm_of(domain, each) for each in MAY_BE]
    return readings[0].read_as(readings)


def _vm_of(domain: Element, family: Family) -> PciVm:
    os_type = kind.os_type(domain)
    cpu = domain.child("cpu")
    merged = domain.merged("devices")
    devices = allocation.numbered(merged or Element("devices", {}, domain.start))
    made: tuple[PciDevice, ...] = ()
    if family is not Family.OTHER:
        made = (*_devices(devices, family), *passed_through(domain, family))
    return PciVm(
        name=kind.name(domain),
        family=family,
        machine=os_type.attributes.get("machine") if os_type is not None else None,
        machine_span=os_type.span if os_type is not None else domain.span,
        devices=made,
        buses=tuple(allocation.buses(devices, family)) if family is not Family.OTHER else (),
        built_in=_built_in(family, made),
        creation=Creation.AFTER_PINNED,
        remedy=_REMEDY,
        cpu=cpu.attributes.get("mode") if cpu is not None else None,
        cpu_span=cpu.span if cpu is not None else None,
        windows=windows_guest.of_domain(domain),
        completed=allocation.completed(devices, made, family),
        left_open=tuple(drifting_models.left_open(domain)),
    )


def _built_in(family: Family, devices: tuple[PciDevice, ...]) -> MappingProxyType[Place, str]:
    """The machine's own functions, but for those that the domain writes down."""
    written = {device.place for device in devices if device.pinning is Pinning.FIXED}
    there = machine_family.built_in(family, allocation.ROOT)
    return MappingProxyType({place: what for place, what in there.items() if place not in written})


def _devices(devices: Element, family: Family) -> Iterator[PciDevice]:
    boot = _boot_disk(devices)
    for element in devices.children:
        found = device_model(element)
        if found is not None:
            where = _pinning(element, found, devices, family)
            yield _device(element, found, where, boots=element is boot)
    for found, wanting in implicit(devices, family):
        span = wanting.span if wanting is not None else _first_line(devices)
        yield PciDevice(found.name, found.driver, found.role, Pinning.IMPLICIT, span)


def _first_line(element: Element) -> Span:
    return Span(element.start, element.start.line)


def _pinning(
    element: Element, found: DeviceModel, devices: Element, family: Family
) -> tuple[Pinning, Place | None, str]:
    address = own_address(element)
    if found.open_part and (address is None or "type" not in address.attributes):
        return Pinning.UNKNOWN, None, f"{found.open_part} decides whether it is a PCI device"
    return allocation.pinning(element, devices, family)


def _device(
    element: Element,
    found: DeviceModel,
    where: tuple[Pinning, Place | None, str],
    *,
    boots: bool,
) -> PciDevice:
    address = own_address(element)
    pinning, place, detail = where
    alias = element.value("alias", "name") or ""
    rom = element.child("rom")
    properties = {
        "mac": element.value("mac", "address"),
        "romfile": rom.attributes.get("file") if rom is not None else None,
        "rombar": rom.attributes.get("bar") if rom is not None else None,
    }
    bus = allocation.bus_behind(element)
    return PciDevice(
        name=alias if alias.startswith("ua-") else found.name,
        driver=found.driver,
        role=Role.BOOT_DISK if boots else found.role,
        pinning=pinning,
        span=element.span,
        place=place,
        # libvirt switches it on by itself where it is needed, but for a written "off".
        multifunction=address is not None and address.attributes.get("multifunction") != "off",
        provides=(bus,) if bus is not None else (),
        properties=MappingProxyType({k: v for k, v in properties.items() if v is not None}),
        detail=detail,
    )


def _boot_disk(devices: Element) -> Element | None:
    """The disk with the lowest `<boot order>`, else the first disk."""
    found = [
        disk for disk in devices.all("disk") if disk.attributes.get("device", "disk") == "disk"
    ]
    ordered = [disk for disk in found if disk.child("boot") is not None]
    if ordered:
        return min(ordered, key=_boot_order)
    return found[0] if found else None


def _boot_order(disk: Element) -> int:
    boot = disk.child("boot") or disk
    return _LAST if placeholder.find(boot.attributes.get("order")) else number(boot, "order")


FORMAT = Format(
    name="libvirt",
    title="libvirt domain XML",
    endings=(".xml",),
    rank=50,
    detects=detects,
    read=read,
    comment="<!-- pciabi: ignore unpinned-nic reason -->",
)
