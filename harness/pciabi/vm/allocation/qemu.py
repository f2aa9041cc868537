"""How QEMU places devices: one after the other as it creates them, one without an address in the
first slot whose function 0 is free, without a look at what is pinned further on.

Sources: QEMU, hw/pci/pci.c: do_pci_register_device, pci_init_multifunction; system/vl.c. The order
of creation and the slots of -vga and -usb were measured with QEMU 7.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.vm import machine_family
from pciabi.vm.command_line.option import Option
from pciabi.vm.command_line.parameters import Parameters, open_flag
from pciabi.vm.pci_vm import Family, PciBus, PciDevice, PciVm, Pinning, Place

ROOT = MappingProxyType({Family.I440FX: "pci.0", Family.Q35: "pcie.0"})
_USB_FUNCTIONS = MappingProxyType(
    {Family.I440FX: ((1, 2),), Family.Q35: ((29, 0), (29, 1), (29, 2), (29, 7))}
)
_VGA_SLOT = MappingProxyType({Family.I440FX: 2, Family.Q35: 1})
# As C's sscanf reads `%x.%x`.
_ADDR = re.compile(
    r"\s*(?:0[xX])?([0-9a-fA-F]{1,8})(?:\.\s*(?:0[xX])?([0-9a-fA-F]{1,8}))?", re.ASCII
)
# What is carried out before any -device, wherever it stands; then the command line in order.
_FIRST = MappingProxyType({"nic": 0, "net": 1, "soundhw": 2, "audio": 2})
IN_ORDER = 3
_DRIVES, _IN_JSON = 4, 5
_ALLOCATED = (Pinning.UNPINNED, Pinning.UNPINNABLE, Pinning.IMPLICIT)

Slots = dict[tuple[str, int], dict[int, PciDevice | None]]
"""Who has which function of each slot, None for the machine itself."""


def phase(option: Option, *, is_json: bool) -> int:
    """When an option's device is created; those of one phase in the order of the command line."""
    if option.name == "drive":
        return _DRIVES
    if option.name == "device" and is_json:
        return _IN_JSON
    return _FIRST.get(option.name, IN_ORDER)


@dataclass(frozen=True)
class Buses:
    """The buses there are. `assumed` are named by devices, and what makes them is not in the
    text; `root` is where a device without `bus=` goes."""

    root: str
    known: Sequence[PciBus]
    assumed: frozenset[str] = frozenset()

    def find(self, name: str) -> PciBus | None:
        """The bus of that name, or None."""
        return next((bus for bus in self.known if bus.name == name), None)

    def all(self) -> Iterator[PciBus]:
        """Also those that are assumed, each with room for everything."""
        yield from self.known
        for name in sorted(self.assumed):
            yield PciBus(name, range(32), hotplug=True)


def built_in(family: Family, root: str, *, usb: bool, vga: bool) -> Mapping[Place, str]:
    """What the machine itself has on its root bus; `vga` is the adapter that no -device makes."""
    found = dict(machine_family.built_in(family, root))
    for at in _USB_FUNCTIONS.get(family, ()) if usb else ():
        found[Place(root, *at)] = "the chipset's USB controller"
    if vga and family in _VGA_SLOT:
        found[Place(root, _VGA_SLOT[family])] = "the VGA adapter of -vga, or QEMU's own"
    return MappingProxyType(found)


def pinned(given: Parameters, addr: str | None, buses: Buses) -> tuple[Pinning, Place | None, str]:
    """Who decides where a device lands, where that is if it is told, and why."""
    for name in ("addr", "bus"):
        found = given.find(name)
        if found is not None and found.unresolved is not None:
            return Pinning.UNKNOWN, None, f"{name}={found.unresolved.source}"
    bus_name = given.get("bus") or buses.root
    if addr == "":
        return Pinning.REFUSED, None, "addr= is no slot"
    if addr is None:
        return _unpinned(given, bus_name, buses)
    match = _ADDR.fullmatch(addr)
    if match is None:
        return Pinning.UNKNOWN, None, f"addr={addr} is no slot"
    if given.get("bus") is None and sum(bus.root for bus in buses.known) > 1:
        return Pinning.AMBIGUOUS, None, ""
    return Pinning.PINNED, Place(bus_name, int(match[1], 16), int(match[2] or "0", 16)), ""


def _unpinned(given: Parameters, bus_name: str, buses: Buses) -> tuple[Pinning, Place | None, str]:
    bus = buses.find(bus_name)
    if bus is not None and len(bus.slots) == 1:
        return Pinning.FIXED, Place(bus_name, 0), ""
    if bus_name in buses.assumed:
        return Pinning.UNKNOWN, None, f"what makes bus {bus_name} is not in the text"
    flag = open_flag(given)
    if flag is not None:
        return Pinning.UNKNOWN, None, f"{flag.source} may hold addr="
    return Pinning.UNPINNED, None, ""


@dataclass(frozen=True)
class Clash:
    """Two devices that QEMU does not start with: `unpinned` gets a place that `pinned` is in the
    way of, or the other way round."""

    unpinned: PciDevice
    pinned: PciDevice
    takes_its_place: bool


def clashes(vm: PciVm) -> Iterator[Clash]:
    """Every pinned device that one without an address makes impossible, as QEMU creates them."""
    slots = _built_in_slots(vm)
    for device in vm.devices:
        place = device.place or _first_free(vm, device, slots)
        if place is None:
            continue
        there = slots.setdefault((place.bus, place.slot), {})
        yield from _clash(device, place, there)
        there[place.function] = device


def _clash(device: PciDevice, place: Place, there: dict[int, PciDevice | None]) -> Iterator[Clash]:
    if device.place is not None:
        earlier, zero = there.get(place.function), there.get(0)
        if earlier is not None and earlier.place is None:
            yield Clash(earlier, device, takes_its_place=True)
        elif place.function and zero is not None and zero.place is None and not zero.multifunction:
            yield Clash(zero, device, takes_its_place=False)
    elif not device.multifunction:
        others = (other for number, other in there.items() if number and other is not None)
        yield from (Clash(device, other, takes_its_place=False) for other in others)


def completed(vm: PciVm) -> frozenset[Place]:
    """The functions 0 that devices without an address get in slots that others are pinned in."""
    slots = _built_in_slots(vm)
    for device in vm.devices:
        place = device.place or _first_free(vm, device, slots)
        if place is not None:
            slots.setdefault((place.bus, place.slot), {})[place.function] = device
    return frozenset(
        Place(bus, slot)
        for (bus, slot), there in slots.items()
        if (zero := there.get(0)) is not None and zero.place is None and zero.multifunction
    )


def _built_in_slots(vm: PciVm) -> Slots:
    slots: Slots = {}
    for place in vm.built_in:
        slots.setdefault((place.bus, place.slot), {})[place.function] = None
    return slots


def _first_free(vm: PciVm, device: PciDevice, slots: Slots) -> Place | None:
    bus = vm.bus(device.bus) if device.pinning in _ALLOCATED else None
    free = (
        slot for slot in (bus.slots if bus else ()) if 0 not in slots.get((device.bus, slot), {})
    )
    first = next(free, None)
    return Place(device.bus, first) if first is not None else None
