"""What a namespace says of PCI: the root bridges, and the device of each function.

A function's device is found as a guest finds it, by the root bridge's bus and by `_ADR` on the
way down, never by its name in AML. Sources: ACPI 6.5, 6.1.1 (`_ADR`), 6.1.5 (`_HID`), 6.5.5
(`_BBN`), 6.5.6 (`_SEG`); QEMU, hw/i386/acpi-build.c, hw/acpi/pcihp.c.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pciabi.acpi import encoding
from pciabi.acpi.eisa import eisa_id
from pciabi.acpi.encoding import Path
from pciabi.acpi.namespace import BUS_SELECTOR, Method, Namespace, Other, Region, Value
from pciabi.acpi.undecodable import Undecodable

_ROOT_BRIDGES = frozenset({"PNP0A03", "PNP0A08"})
_IO = 1
# QEMU's hot-plug registers, by the name of their region: bus selector, then slot and index.
_INDEX_REGISTERS = "BNMR"
# The two methods that QEMU's _DSM methods leave the answer to, as AML returns their result.
_STORE = 0x70
_BY_REGISTERS, _BY_PACKAGE = b"\xa4PDSM", b"\x60\xa4EDSM"


@dataclass(frozen=True)
class RootBridgeDevice:
    """A root bridge as AML declares it: ids in the specification's letters, None for what it
    does not declare."""

    hardware_id: str | None
    compatible_ids: tuple[str, ...]
    unique_id: int | str | None
    segment: int | None
    bus: int | None
    proximity: int | None


@dataclass(frozen=True)
class IndexRegisters:
    """The guest asks QEMU's hot-plug registers for the index: the port of the bus selector, in
    front of the slot's, and what is written to both."""

    port: int
    selector: int
    slot: int


@dataclass(frozen=True)
class SlotDevice:
    """What AML declares of the slot that a function is in: `_SUN`, whether there is `_EJ0` and
    `_DSM`, and `_PXM`."""

    number: int | None
    is_ejectable: bool
    has_dsm: bool
    proximity: int | None


Hops = Sequence[tuple[int, int]]
"""Slot and function of each bridge on the way down from a root bus, and of the function."""


class PciDevices:
    """The PCI devices of a namespace. Making it raises Undecodable where a method would tell what
    they are; `root_bridges` come by bus, those of one bus in the order of declaration."""

    def __init__(self, namespace: Namespace) -> None:
        self._devices = namespace.devices
        self._registers = _index_registers(namespace.regions)
        self._children: dict[Path, dict[int, list[Path]]] = {}
        self._roots: dict[int, list[Path]] = {}
        for path, objects in namespace.devices.items():
            address = objects.get("_ADR")
            if isinstance(address, int):
                self._children.setdefault(path[:-1], {}).setdefault(address, []).append(path)
                for name in ("_SUN", "_PXM"):
                    _number(objects, name)
            if _is_root_bridge(objects):
                self._roots.setdefault(_number(objects, "_BBN") or 0, []).append(path)
        self.root_bridges = tuple(
            _root_bridge(self._devices[path])
            for _, paths in sorted(self._roots.items())
            for path in paths
        )

    def slot(self, root: int, hops: Hops) -> SlotDevice | None:
        """What is declared of a function's slot; None where there is no device for it."""
        objects = self._objects(self._at(root, hops))
        if objects is None:
            return None
        return SlotDevice(
            number=_number(objects, "_SUN"),
            is_ejectable="_EJ0" in objects,
            has_dsm="_DSM" in objects,
            proximity=_number(objects, "_PXM"),
        )

    def index(self, root: int, hops: Hops) -> int | IndexRegisters | None:
        """The index that a function's `_DSM` tells, or the registers that it asks for it; None
        where there is none. QEMU writes this method in two ways; any other is Undecodable."""
        method = (self._objects(self._at(root, hops)) or {}).get("_DSM")
        if method is None:
            return None
        if not isinstance(method, Method):
            raise Undecodable("_DSM is no method")
        if _BY_REGISTERS not in method.body:
            return _index_in_package(method.body)
        bus = self._objects(self._at(root, hops[:-1])) or {}
        selector = _number(bus, BUS_SELECTOR)
        if selector is None or self._registers is None:
            raise Undecodable("_DSM asks hot-plug registers, and AML declares none")
        return IndexRegisters(self._registers, selector, hops[-1][0])

    def _at(self, root: int, hops: Hops) -> Sequence[Path]:
        """The devices at a place: the root bridges of a bus, and down from there by `_ADR`."""
        paths = self._roots.get(root, [])
        for slot, function in hops:
            address = slot << 16 | function
            paths = [
                child for path in paths for child in self._children.get(path, {}).get(address, [])
            ]
        return paths

    def _objects(self, paths: Sequence[Path]) -> Mapping[str, Value] | None:
        """The objects of devices that AML declares for one place: all of them speak, the first
        one that has it for each object."""
        objects: dict[str, Value] = {}
        for path in paths:
            objects = {**self._devices[path], **objects}
        return objects if paths else None


def _is_root_bridge(objects: Mapping[str, Value]) -> bool:
    ids = {_id(objects.get("_HID")), *_ids(objects.get("_CID"))}
    return not _ROOT_BRIDGES.isdisjoint(ids)


def _root_bridge(objects: Mapping[str, Value]) -> RootBridgeDevice:
    unique = objects.get("_UID")
    if isinstance(unique, Method | Other | tuple):
        raise Undecodable("the _UID of a root bridge is neither a number nor a text")
    return RootBridgeDevice(
        hardware_id=_id(objects.get("_HID")),
        compatible_ids=_ids(objects.get("_CID")),
        unique_id=unique,
        segment=_number(objects, "_SEG"),
        bus=_number(objects, "_BBN"),
        proximity=_number(objects, "_PXM"),
    )


def _id(value: Value | None) -> str | None:
    """A hardware id: a text, or an integer that stands for one."""
    if isinstance(value, Method | Other | tuple):
        raise Undecodable("a hardware id is neither a number nor a text")
    return eisa_id(value) if isinstance(value, int) else value


def _ids(value: Value | None) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, tuple):
        return tuple(eisa_id(one) if isinstance(one, int) else one for one in value)
    return (_id(value) or "",)


def _number(objects: Mapping[str, Value], name: str) -> int | None:
    value = objects.get(name)
    if value is None or isinstance(value, int):
        return value
    raise Undecodable(f"{name} is no number before it is evaluated")


def _index_registers(regions: Mapping[Path, Region]) -> int | None:
    found = (
        region.start
        for path, region in regions.items()
        if path[-1] == _INDEX_REGISTERS and region.space == _IO
    )
    return next(found, None)


def _index_in_package(body: bytes) -> int:
    """The index in `Local0 = Package (1) {index}; Return (EDSM (…, Local0))`."""
    pattern = "_DSM is none of those that QEMU writes"
    if body[:2] != bytes((_STORE, encoding.PACKAGE)):
        raise Undecodable(pattern)
    end, at = encoding.package_end(body, 2, len(body))
    count = encoding.byte(body, at, end)
    index = encoding.integer(body, at + 1, end)
    if count != 1 or index is None or index[1] != end or not body.startswith(_BY_PACKAGE, end):
        raise Undecodable(pattern)
    return index[0]
