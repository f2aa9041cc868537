"""Whether a domain says all that libvirt would otherwise allocate, add or choose.

What `virsh dumpxml` shows of a defined domain says it all; a file written by hand hardly ever does.
Sources: libvirt, src/qemu/qemu_domain_address.c, src/qemu/qemu_domain.c (qemuDomain…DefPostParse).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.vm.allocation.libvirt import written_place
from pciabi.vm.domain import cpu_sets
from pciabi.vm.domain.numbers import number
from pciabi.vm.libvirt_devices import device_model, disk_bus, is_bridge, model, own_address
from pciabi.vm.libvirt_implicit import implicit
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element

# By what `<target>` says a controller is told from others, by model.
_TARGETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pcie-root-port": ("chassis", "port"),
        "pcie-switch-downstream-port": ("chassis", "port"),
        "pci-bridge": ("chassisNr",),
        "pci-expander-bus": ("busNr",),
        "pcie-expander-bus": ("busNr",),
    }
)
_HAVE_A_DEFAULT = frozenset({"interface", "vsock", "shmem", "watchdog", "memballoon", "rng"})
_HAVE_A_DEFAULT |= {"video", "sound"}
# A video adapter's memory is a BAR, and libvirt writes how much it takes.
_VIDEO_MEMORY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "qxl": ("ram", "vram", "vgamem"),
        **dict.fromkeys(("vga", "bochs", "vmvga", "cirrus"), ("vram",)),
    }
)
_MOST_BUSES = 256
# Devices that the chipset has at one place; libvirt writes it into the XML all the same.
_FIXED = frozenset(
    {
        (Family.I440FX, "ide", "0"),
        (Family.Q35, "sata", "0"),
    }
)


@dataclass(frozen=True)
class Gap:
    """Something of a domain that libvirt fills in: what is missing, and the element that it
    belongs to; `<devices>`, or `<domain>` without one, where a whole device is missing."""

    element: Element
    missing: str


def open_addresses(domain: Element, family: Family) -> tuple[Gap, ...]:
    """What libvirt would fill in, nothing where the domain says it all. Raises InputError."""
    devices = domain.merged("devices")
    if devices is None:
        return (Gap(domain, "devices"),)
    return (*_gaps(devices, family), *_missing_processors(domain))


def _gaps(devices: Element, family: Family) -> Iterator[Gap]:
    for device in devices.children:
        yield from (Gap(device, what) for what in _missing(device, family))
    yield from _missing_controllers(devices)
    yield from _missing_multifunction(devices)
    for found, wanting in implicit(devices, family):
        yield Gap(wanting or devices, found.name)
    usb = _indexes(devices, "usb")
    # Of q35 the one of a domain without any is told above.
    if 0 not in usb and (usb or family is Family.I440FX):
        yield Gap(devices, "USB controller")


def _missing(device: Element, family: Family) -> Iterator[str]:
    found = device_model(device)
    address = own_address(device)
    is_written = address is not None and written_place(address) is not None
    if found is not None and not _is_fixed(device, family) and not is_written:
        yield "PCI address"
    if _is_on_a_place_of_its_own(device) and not _has_place(device):
        yield "address"
    if device.name == "controller":
        yield from _of_controller(device)
    elif _is_without_bus(device):
        yield "bus"
    if device.name == "interface" and device.value("mac", "address") is None:
        yield "MAC address"
    if device.name in _HAVE_A_DEFAULT and not model(device):
        if device.attributes.get("type") != "hostdev":
            yield "model"
    elif device.name == "video":
        adapter = device.child("model") or device
        wanted = _VIDEO_MEMORY.get(model(device), ())
        yield from (name for name in wanted if name not in adapter.attributes)


def _is_without_bus(device: Element) -> bool:
    """A disk's bus goes by its target's name otherwise, an input's by the machine."""
    if device.name == "disk":
        return device.value("target", "bus") is None
    # An input of the host's is on no bus.
    is_bound = device.name == "input" and device.attributes.get("type") != "evdev"
    return is_bound and "bus" not in device.attributes


def _is_fixed(device: Element, family: Family) -> bool:
    written = device.attributes
    key = family, written.get("type", ""), written.get("index", "0")
    return device.name == "controller" and key in _FIXED


def _is_on_a_place_of_its_own(device: Element) -> bool:
    """Whether a device is on a controller's unit or port: libvirt adds a controller where those of
    the domain are full, and knows where they are."""
    if device.name == "disk":
        return disk_bus(device) in ("ide", "sata", "scsi")
    if device.name == "hostdev":
        return device.attributes.get("type") == "scsi"
    if device.name == "memory":
        return device.attributes.get("model") in ("dimm", "nvdimm")
    # A console may be left without one, and has it from QEMU.
    return device.name == "channel" and device.value("target", "type") == "virtio"


def _has_place(device: Element) -> bool:
    address = own_address(device)
    return address is not None and "type" in address.attributes


def _of_controller(controller: Element) -> Iterator[str]:
    written = controller.attributes
    if written.get("model") == "none":
        return
    if "index" not in written:
        yield "index"
    if written.get("type") in ("usb", "scsi") and written.get("model") in (None, "auto"):
        yield "model"
    if is_bridge(controller):
        if controller.value("model", "name") is None:
            yield "model"
        for name in _TARGETS.get(written.get("model", ""), ()):
            if controller.value("target", name) is None:
                yield name


def _missing_controllers(devices: Element) -> Iterator[Gap]:
    """PCI buses that nobody provides: the root bus always, those below another controller's index,
    and those that addresses name."""
    there = _indexes(devices, "pci")
    if 0 not in there:
        yield Gap(devices, "controller pci 0")
    below = range(1, min(max(there, default=0), _MOST_BUSES))
    if between := next((bus for bus in below if bus not in there), None):
        there.add(between)
        yield Gap(devices, f"controller pci {between}")
    for device in devices.children:
        address = own_address(device)
        if device_model(device) is None or address is None:
            continue
        bus = number(address, "bus")
        if bus and bus not in there:
            there.add(bus)
            yield Gap(device, f"controller pci {bus}")


def _indexes(devices: Element, kind: str) -> set[int]:
    return {
        number(c, "index") for c in devices.all("controller") if c.attributes.get("type") == kind
    }


def _missing_processors(domain: Element) -> Iterator[Gap]:
    """Processors in no cell of NUMA: libvirt puts them into the first one (src/qemu/qemu_domain.c,
    qemuDomainDefNumaCPUsRectify)."""
    cpu = domain.child("cpu")
    numa = cpu.child("numa") if cpu is not None else None
    cells = list(numa.all("cell")) if numa is not None else []
    vcpu = domain.child("vcpu")
    text = vcpu.text.strip() if vcpu is not None else ""
    most = int(text) if text.isascii() and text.isdigit() else 1
    if cells and sum(cpu_sets.size(cell, "cpus") for cell in cells) < most:
        yield Gap(cells[0], "processors")


def _missing_multifunction(devices: Element) -> Iterator[Gap]:
    """Functions 0 that have others beside them and do not say so."""
    slots: dict[tuple[int, int], dict[int, Element]] = defaultdict(dict)
    for device in devices.children:
        address = own_address(device)
        if device_model(device) is not None and address is not None:
            place = number(address, "bus"), number(address, "slot")
            slots[place][number(address, "function")] = device
    for functions in slots.values():
        first = functions.get(0)
        address = own_address(first) if first is not None else None
        if first is None or address is None or len(functions) == 1:
            continue
        if "multifunction" not in address.attributes:
            yield Gap(first, "multifunction")
