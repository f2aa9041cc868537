"""QEMU's own tree of devices, read from what its monitor prints (`info qtree`).

It holds every PCI function, reachable or not, whatever firmware has or has not numbered, with
QEMU's type and id. On each bus it names the device first that was created last. The text has
kept its form from QEMU 5.2 to 11.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pciabi.errors import Disagreement
from pciabi.pci.address import TopologyPath
from pciabi.qemu.monitor import Monitor

COMMAND = "info qtree"

_BUS = "bus: "
_BUS_TYPE = re.compile(r"type (.*)")
_DEVICE = re.compile(r'dev: ([^,]+), id "(.*)"')
_PCI = re.compile(
    r"class .*, addr [0-9a-f]{2}:([01][0-9a-f])\.([0-7]), pci id ([0-9a-f]{4}):([0-9a-f]{4})\b.*"
)
_BUS_NUMBER = re.compile(r"bus_nr = (\d{1,3})\b.*")
_PROPERTY = re.compile(r"([\w.\[\]-]+) = (.*)")
# QEMU adds a number in hexadecimal, and a size in larger units.
_NUMBER = re.compile(r"(-?\d+) \((?:0x[0-9a-f]+|[\d.]+ (?:[KMGTPE]i)?B)\)")
_SWITCH = {"true": "on", "false": "off"}
# The one device on it is the rest of the PCI device that has the bus.
_VIRTIO_BUS = "virtio-pci-bus"
_PCI_BUSES = frozenset({"PCI", "PCIE", "CXL", "pxb-bus", "pxb-pcie-bus", "pxb-cxl-bus"})
_MOST_BUSES = 256
# An expander bridge is a PCI function that brings along a host bridge with a root bus.
_EXPANDER = "pxb"


@dataclass(frozen=True)
class TreeFunction:
    """A PCI function as QEMU has it. `qdev_id` is None where it has no id; `bus` is the name of
    the bus it sits on. `properties` have the values in force, those of its virtio device too; where
    both have one of the same name, that of the PCI device is called `DEVICE.NAME`."""

    path: TopologyPath
    vendor_id: int
    device_id: int
    qdev_id: str | None
    device: str
    bus: str
    properties: Mapping[str, str]


@dataclass(frozen=True)
class DeviceTree:
    """All PCI functions, and the numbers of the root buses, bus 0 first.

    The functions of one bus come in the order of their creation.
    """

    functions: tuple[TreeFunction, ...]
    roots: tuple[int, ...]


def read(monitor: Monitor) -> DeviceTree:
    """Ask QEMU. Raises QemuError, or Disagreement as `parse` does."""
    return parse(monitor.hmp(COMMAND))


def has_pci(text: str) -> bool:
    """Whether a device tree has a PCI bus. Of what is no device tree that is not said."""
    system = _system_bus(text)
    return not system.name or bool(_root_buses(system))


def parse(text: str) -> DeviceTree:
    """What the text says.

    Raises Disagreement where there is no PCI bus, or not one root bus for each expander bridge, or
    more buses behind each other than PCI has.
    """
    buses = _root_buses(_system_bus(text))
    main = [bus for bus in buses if not bus.type.startswith(_EXPANDER)]
    if len(main) != 1:
        raise Disagreement(f"QEMU's device tree has {len(main)} main PCI buses, not one")
    functions = list(_functions(main[0], TopologyPath(0, ())))
    # A root bus is created together with the expander bridge that stands for it on bus 0.
    extra = [bus for bus in buses if bus is not main[0]]
    numbers = [device.bus_number for device in main[0].devices if device.bus_number is not None]
    if len(numbers) != len(extra):
        raise Disagreement(
            f"QEMU's device tree has {len(numbers)} expander bridges, {len(extra)} expander buses"
        )
    for number, bus in zip(numbers, extra, strict=True):
        functions += _functions(bus, TopologyPath(number, ()))
    return DeviceTree(tuple(functions), (0, *numbers))


@dataclass
class _Device:
    type: str
    qdev_id: str | None
    place: tuple[int, int] | None = None
    ids: tuple[int, int] = (0, 0)
    bus_number: int | None = None
    properties: dict[str, str] = field(default_factory=dict)
    buses: list[_Bus] = field(default_factory=list)


@dataclass
class _Bus:
    """A bus with its devices, the oldest first."""

    name: str
    type: str = ""
    devices: list[_Device] = field(default_factory=list)


def _system_bus(text: str) -> _Bus:
    """The bus everything hangs from. A line that fits nowhere into the tree is left out."""
    system = _Bus("")
    # What is open at each depth: a bus, a device on it, a bus of that device, and so on.
    above: list[_Bus | _Device] = [system]
    for line in text.splitlines():
        words = line.lstrip(" ")
        depth = (len(line) - len(words)) // 2
        parent = above[depth - 1] if 0 < depth <= len(above) else None
        # Nearly every line is a property of a device, so that no pattern is tried on it in vain.
        if words.startswith(_BUS):
            bus = _Bus(words.removeprefix(_BUS))
            if isinstance(parent, _Device):
                parent.buses.append(bus)
                above[depth:] = [bus]
            elif depth == 0:
                system = bus
                above = [bus]
        elif isinstance(parent, _Bus):
            if match := _DEVICE.fullmatch(words):
                device = _Device(match[1], match[2] or None)
                parent.devices.insert(0, device)
                above[depth:] = [device]
            elif match := _BUS_TYPE.fullmatch(words):
                parent.type = match[1]
        elif isinstance(parent, _Device):
            _learn(parent, words)
    return system


def _learn(device: _Device, words: str) -> None:
    if match := _PROPERTY.fullmatch(words):
        device.properties[match[1]] = _value(match[2])
        if match := _BUS_NUMBER.fullmatch(words):
            device.bus_number = int(match[1])
    elif match := _PCI.fullmatch(words):
        device.place = (int(match[1], 16), int(match[2]))
        device.ids = (int(match[3], 16), int(match[4], 16))


def _value(text: str) -> str:
    """A property's value as it is written in a configuration."""
    if text.endswith(")") and (number := _NUMBER.fullmatch(text)):
        return number[1]
    quoted = len(text) > 1 and text.startswith('"') and text.endswith('"')
    return text[1:-1] if quoted else _SWITCH.get(text, text)


def _root_buses(system: _Bus) -> list[_Bus]:
    """The PCI buses of devices that are no PCI functions themselves, the oldest first."""
    return [
        bus
        for device in system.devices
        if device.place is None
        for bus in device.buses
        if bus.type in _PCI_BUSES
    ]


def _functions(bus: _Bus, above: TopologyPath) -> Iterator[TreeFunction]:
    for device in bus.devices:
        if device.place is None:
            continue
        path = above.below(*device.place)
        if len(path.hops) > _MOST_BUSES:
            raise Disagreement(f"QEMU's device tree has more than {_MOST_BUSES} buses in a row")
        yield TreeFunction(
            path, *device.ids, device.qdev_id, device.type, bus.name, _properties(device)
        )
        for behind in device.buses:
            if behind.type in _PCI_BUSES:
                yield from _functions(behind, path)


def _properties(device: _Device) -> Mapping[str, str]:
    found = dict(device.properties)
    for bus in device.buses:
        if bus.type == _VIRTIO_BUS:
            for inner in bus.devices:
                both = found.keys() & inner.properties.keys()
                found |= {f"{device.type}.{name}": found[name] for name in both}
                found |= inner.properties
    return found
