"""How libvirt places a domain's devices: those with an address first, then all others, each kind
by rules of its own.

Sources: libvirt, src/conf/domain_addr.c, src/qemu/qemu_domain_address.c,
src/conf/domain_postparse.c; measured with libvirt 9.0 (`virsh define`, then `dumpxml`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import MappingProxyType

from pciabi.vm import placeholder
from pciabi.vm.domain.numbers import number
from pciabi.vm.libvirt_devices import is_bridge, model, own_address
from pciabi.vm.pci_vm import Family, PciBus, PciDevice, Pinning, Place
from pciabi.vm.xml_tree import Element

ROOT = "0"
# Slots a device may take, by the model of the controller: virDomainPCIAddressBusSetModel. Those of
# one slot pin by themselves.
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
_ROOT_SLOTS = range(1, 32)
_NO_HOTPLUG = frozenset({"pcie-switch-upstream-port", "pcie-expander-bus", "dmi-to-pci-bridge"})
# Devices that are put where the chipset has them, whatever else there is.
_CHIPSETS = MappingProxyType(
    {
        (Family.I440FX, "ide", 0, ""): Place(ROOT, 1, 1),
        (Family.I440FX, "usb", 0, ""): Place(ROOT, 1, 2),
        (Family.I440FX, "usb", 0, "piix3-uhci"): Place(ROOT, 1, 2),
        (Family.Q35, "sata", 0, ""): Place(ROOT, 31, 2),
    }
)
_PRIMARY_VIDEO = MappingProxyType({Family.I440FX: Place(ROOT, 2), Family.Q35: Place(ROOT, 1)})
# The functions of one slot that USB 2 controllers of one index share, by their models.
_COMPANIONS = MappingProxyType({"ich9-ehci1": 7, "ich9-uhci1": 0, "ich9-uhci2": 1, "ich9-uhci3": 2})
_ROOT_PORT = "pcie-root-port"
_FUNCTIONS = range(8)


def numbered(devices: Element) -> Element:
    """The devices, each controller with an index: one without takes the first that none of its
    type has, and a USB 2 controller that of the last one it may be a companion of."""
    taken: dict[str, list[tuple[int, str]]] = {}
    for controller in devices.all("controller"):
        index = controller.attributes.get("index")
        if index and index.isdecimal():
            type_ = controller.attributes.get("type", "")
            taken.setdefault(type_, []).append((int(index), controller.attributes.get("model", "")))
    # A root is there before any other is numbered.
    taken.setdefault("pci", []).append((0, ""))
    return replace(devices, children=[_with_index(each, taken) for each in devices.children])


def _with_index(element: Element, taken: dict[str, list[tuple[int, str]]]) -> Element:
    written = element.attributes
    if element.name != "controller" or written.get("index"):
        return element
    own, others = written.get("model", ""), taken.setdefault(written.get("type", ""), [])
    index = next(n for n in range(len(others) + 1) if n not in {i for i, _ in others})
    if own in _COMPANIONS:
        beside = [i for i, other in others if other in _COMPANIONS]
        if beside and (beside[-1], own) not in others:
            index = beside[-1]
    if written.get("type") == "pci" and not is_bridge(element):
        index = 0
    others.append((index, own))
    return replace(element, attributes={**written, "index": str(index)})


def bus_behind(element: Element) -> str | None:
    """The number of the bus behind a bridge, None for what is none or has none in the text."""
    index = element.attributes.get("index")
    if not is_bridge(element) or not index or placeholder.find(index):
        return None
    return str(number(element, "index"))


def buses(devices: Element, family: Family) -> Iterator[PciBus]:
    """The buses of a domain, whose controllers are numbered."""
    yield PciBus(ROOT, _ROOT_SLOTS, hotplug=family is Family.I440FX, root=True)
    for element in devices.all("controller"):
        of, name = element.attributes.get("model", ""), bus_behind(element)
        if name is not None:
            yield PciBus(name, _SLOTS.get(of, range(32)), hotplug=of not in _NO_HOTPLUG)


def pinning(
    element: Element, devices: Element, family: Family
) -> tuple[Pinning, Place | None, str]:
    """Who decides where a device of a domain lands, where that is if it is told, and why."""
    fixed = _fixed(element, devices, family)
    if fixed is not None:
        return Pinning.FIXED, fixed, ""
    address = own_address(element)
    if address is None:
        return Pinning.UNPINNED, None, ""
    for name, text in address.attributes.items():
        if open_part := placeholder.find(text):
            return Pinning.UNKNOWN, None, f"{name}='{open_part}'"
    place = written_place(address)
    return (Pinning.PINNED, place, "") if place is not None else (Pinning.EMPTY, None, "")


def written_place(address: Element) -> Place | None:
    """The place an address says; None where domain, bus and slot are 0, whatever the function is:
    virPCIDeviceAddressIsEmpty."""
    domain, bus, slot, function = (
        number(address, name) for name in ("domain", "bus", "slot", "function")
    )
    return Place(str(bus), slot, function) if domain or bus or slot else None


def _fixed(element: Element, devices: Element, family: Family) -> Place | None:
    """Where a device is whatever else there is, None for one that may be elsewhere."""
    written = element.attributes
    if element.name == "controller":
        index = written.get("index", "0")
        key = (family, written.get("type", ""), int(index) if index.isdecimal() else -1)
        return _CHIPSETS.get((*key, written.get("model", "")))
    place = _PRIMARY_VIDEO.get(family)
    if element.name != "video" or own_address(element) is not None or place is None:
        return None
    videos = list(devices.all("video"))
    primary = next((v for v in videos if _says_primary(v)), videos[0])
    return place if element is primary and not _in_use(devices, place) else None


def _says_primary(video: Element) -> bool:
    return video.value("model", "primary") == "yes"


def _in_use(devices: Element, place: Place) -> bool:
    addresses = (own_address(element) for element in devices.children)
    return any(
        address is not None
        and address.attributes.get("type") == "pci"
        and not any(map(placeholder.find, address.attributes.values()))
        and (there := written_place(address)) is not None
        and (there.bus, there.slot) == (place.bus, place.slot)
        for address in addresses
    )


def completed(devices: Element, made: Iterable[PciDevice], family: Family) -> frozenset[Place]:
    """The functions 0 that devices without an address are given in slots that others are pinned
    in: root ports fill them up, and USB 2 controllers join their companions."""
    there: dict[int, set[int]] = {}
    others: set[int] = set()
    for device in made:
        if device.place is not None and device.place.bus == ROOT:
            there.setdefault(device.place.slot, set()).add(device.place.function)
            if device.driver != _ROOT_PORT:
                others.add(device.place.slot)
    return frozenset((*_filled_up(made, there, others, family), *_companions(devices, family)))


def _filled_up(
    made: Iterable[PciDevice], there: dict[int, set[int]], others: set[int], family: Family
) -> Iterator[Place]:
    if family is not Family.Q35:
        return
    # A port is added for each device that has none: one port more at the most.
    ports = sum(device.pinning in (Pinning.UNPINNED, Pinning.IMPLICIT) for device in made)
    for slot in _ROOT_SLOTS:
        functions = there.get(slot, set())
        if slot in others or ports <= 0:
            continue
        if functions and 0 not in functions:
            yield Place(ROOT, slot)
        ports -= len(_FUNCTIONS) - len(functions)


def _companions(devices: Element, family: Family) -> Iterator[Place]:
    """Where USB 2 controllers of function 0 join those of their index. On q35 they do not: the
    first two have slots of their own there, as on real hardware, where those are free."""
    controllers = [c for c in devices.all("controller") if model(c) in _COMPANIONS]
    for controller in controllers if family is Family.I440FX else ():
        if own_address(controller) is not None or _COMPANIONS[model(controller)]:
            continue
        for other in controllers:
            same = other.attributes.get("index") == controller.attributes.get("index")
            place = pinning(other, devices, family)[1] if own_address(other) is not None else None
            if same and place is not None:
                yield replace(place, function=0)
