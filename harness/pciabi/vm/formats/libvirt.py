"""libvirt domain XML: one domain, several, or one inside a status, snapshot or backup wrapper.

An address that is empty or all zero pins nothing: libvirt allocates. One attribute that is not
zero pins. Only a direct child `<address>` is the guest's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import MappingProxyType

from pciabi.errors import InputError
from pciabi.vm import machine_family, placeholder, windows_guest, xml_tree
from pciabi.vm.domain import kind
from pciabi.vm.formats import ConfigText, Format, Vm
from pciabi.vm.libvirt_devices import DeviceModel, device_model, is_bridge, own_address
from pciabi.vm.libvirt_implicit import implicit
from pciabi.vm.libvirt_passthrough import passed_through
from pciabi.vm.pci_vm import (
    MAY_BE,
    Creation,
    Family,
    PciBus,
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
_ROOT = "0"
_LAST = 1 << 32
# Slots a device may take, by the model of the controller: libvirt,
# virDomainPCIAddressBusSetModel. Those of one slot pin by themselves.
_SLOTS = MappingProxyType(
    {
        "pci-bridge": range(1, 32),
        "pci-expander-bus": range(32),
        "dmi-to-pci-bridge": range(32),
        "pcie-to-pci-bridge": range(1, 32),
        "pcie-root-port": range(1),
        "pcie-switch-upstream-port": range(32),
        "pcie-switch-downstream-port": range(1),
        "pcie-expander-bus": range(32),
    }
)
_NO_HOTPLUG = frozenset({"pcie-switch-upstream-port", "pcie-expander-bus", "dmi-to-pci-bridge"})
# Devices that libvirt puts where the chipset has them, whatever else there is.
_FIXED = MappingProxyType(
    {
        (Family.I440FX, "ide", "0", ""): Place(_ROOT, 1, 1),
        (Family.I440FX, "usb", "0", ""): Place(_ROOT, 1, 2),
        (Family.I440FX, "usb", "0", "piix3-uhci"): Place(_ROOT, 1, 2),
        (Family.Q35, "sata", "0", ""): Place(_ROOT, 31, 2),
    }
)


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
    name = domain.child("name")
    os_type = kind.os_type(domain)
    cpu = domain.child("cpu")
    devices: tuple[PciDevice, ...] = ()
    if family is not Family.OTHER:
        devices = (*_devices(domain, family), *passed_through(domain, family))
    return PciVm(
        name=name.text.strip() if name is not None else "",
        family=family,
        machine=os_type.attributes.get("machine") if os_type is not None else None,
        machine_span=os_type.span if os_type is not None else domain.span,
        devices=devices,
        buses=tuple(_buses(domain, family)),
        built_in=_built_in(family, devices),
        creation=Creation.AFTER_PINNED,
        remedy=_REMEDY,
        cpu=cpu.attributes.get("mode") if cpu is not None else None,
        cpu_span=cpu.span if cpu is not None else None,
        windows=windows_guest.of_domain(domain),
    )


def _built_in(family: Family, devices: tuple[PciDevice, ...]) -> MappingProxyType[Place, str]:
    """The machine's own functions, but for those that the domain writes down."""
    written = {device.place for device in devices if device.pinning is Pinning.FIXED}
    there = machine_family.built_in(family, _ROOT)
    return MappingProxyType({place: what for place, what in there.items() if place not in written})


def _devices(domain: Element, family: Family) -> Iterator[PciDevice]:
    devices = domain.merged("devices")
    if devices is None:
        return
    boot = _boot_disk(devices)
    for element in devices.children:
        found = device_model(element)
        if found is not None:
            yield _device(element, found, family, boots=element is boot)
    for found, wanting in implicit(devices, family):
        span = wanting.span if wanting is not None else _first_line(devices)
        yield PciDevice(found.name, found.driver, found.role, Pinning.IMPLICIT, span)


def _first_line(element: Element) -> Span:
    return Span(element.start, element.start.line)


def _device(element: Element, found: DeviceModel, family: Family, *, boots: bool) -> PciDevice:
    address = own_address(element)
    pinning, place, detail = _pinning(element, found, family)
    alias = element.value("alias", "name") or ""
    rom = element.child("rom")
    properties = {
        "mac": element.value("mac", "address"),
        "romfile": rom.attributes.get("file") if rom is not None else None,
        "rombar": rom.attributes.get("bar") if rom is not None else None,
    }
    bus = _bus_behind(element)
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


def _bus_behind(element: Element) -> str | None:
    """The number of the bus behind a bridge, None for what is none or has none in the text."""
    index = element.attributes.get("index")
    if not is_bridge(element) or not index or placeholder.find(index):
        return None
    return str(_number(element, index))


def _pinning(
    element: Element, found: DeviceModel, family: Family
) -> tuple[Pinning, Place | None, str]:
    fixed = _FIXED.get(_chipset_key(element, family))
    if fixed is not None:
        return Pinning.FIXED, fixed, ""
    address = own_address(element)
    if found.open_part and (address is None or "type" not in address.attributes):
        return Pinning.UNKNOWN, None, f"{found.open_part} decides whether it is a PCI device"
    if address is None:
        return Pinning.UNPINNED, None, ""
    for name, text in address.attributes.items():
        if open_part := placeholder.find(text):
            return Pinning.UNKNOWN, None, f"{name}='{open_part}'"
    domain, bus, slot, function = (
        _number(address, address.attributes.get(name, "0"))
        for name in ("domain", "bus", "slot", "function")
    )
    if domain or bus or slot or function:
        return Pinning.PINNED, Place(str(bus), slot, function), ""
    return Pinning.EMPTY, None, ""


def _chipset_key(element: Element, family: Family) -> tuple[Family, str, str, str]:
    written = element.attributes
    type_ = written.get("type", "") if element.name == "controller" else ""
    return family, type_, written.get("index", "0"), written.get("model", "")


def _buses(domain: Element, family: Family) -> Iterator[PciBus]:
    if family is Family.OTHER:
        return
    yield PciBus(_ROOT, range(1, 32), hotplug=family is Family.I440FX, root=True)
    for devices in domain.all("devices"):
        for element in devices.all("controller"):
            model, name = element.attributes.get("model", ""), _bus_behind(element)
            if name is not None:
                slots = _SLOTS.get(model, range(32))
                yield PciBus(name, slots, hotplug=model not in _NO_HOTPLUG)


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
    order = disk.value("boot", "order") or "0"
    return _LAST if placeholder.find(order) else _number(disk, order)


def _number(element: Element, text: str) -> int:
    """A number as libvirt writes them, decimal or hexadecimal. Raises InputError."""
    try:
        return int(text, 16) if text.lower().startswith("0x") else int(text)
    except ValueError:
        raise InputError(f"'{text[:40]}' is not a number", place=element.start) from None


FORMAT = Format(
    name="libvirt",
    title="libvirt domain XML",
    endings=(".xml",),
    rank=50,
    detects=detects,
    read=read,
    comment="<!-- pciabi: ignore unpinned-nic reason -->",
)
