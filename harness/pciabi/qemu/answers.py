"""The shapes of QEMU's answers. One of another shape is no QEMU's, and is called that.

They are written by hand: every cold command waits for what it imports, and for five shapes a
library of them takes as long to import as QEMU takes to start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pciabi.errors import QemuError

T = TypeVar("T")
Shape = Callable[[object], T]
"""Takes a JSON value for what it is meant to be. Raises Misshapen where it is something else."""

NO_QMP = "what QEMU says on its monitor is no QMP: "
"""Begins the message about a program that speaks, and not QMP."""

_BYTE, _ID, _SLOT, _FUNCTION = 0xFF, 0xFFFF, 0x1F, 7
_LONGEST_PLACE = 8


class Misshapen(Exception):
    """A part of an answer is not what it is meant to be: the message says what that is.

    `place` leads there from the answer's root, by keys and indices.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.place: list[str | int] = []


@dataclass(frozen=True)
class Listed:
    """An entry of `qom-list`."""

    name: str
    type: str


@dataclass(frozen=True)
class Named:
    """An entry of a list that is asked for its names: `qom-list-types` and the like."""

    name: str


@dataclass(frozen=True)
class Typed:
    """An entry of `qom-list-types`: a type, and the one it is made of, None where none is told."""

    name: str
    parent: str | None


@dataclass(frozen=True)
class CompatProperty:
    """A property that a machine type sets for every device of a type (`qom_type`, which may be an
    abstract one), as in `query-machines`."""

    qom_type: str
    name: str
    value: str


@dataclass(frozen=True)
class MachineType:
    """An entry of `query-machines`. `compat` are its properties in QEMU's own order, in which a
    later one counts; None where they were not told (before QEMU 9.1)."""

    name: str
    alias: str | None
    deprecated: bool
    compat: tuple[CompatProperty, ...] | None


@dataclass(frozen=True)
class PciDevice:
    """A function in `query-pci`. One without an id has an empty `qdev_id`; `behind` are the
    functions behind a bridge."""

    bus: int
    slot: int
    function: int
    vendor: int
    device: int
    qdev_id: str
    behind: tuple[PciDevice, ...]


@dataclass(frozen=True)
class PciBus:
    """A root bus in `query-pci`."""

    bus: int
    devices: tuple[PciDevice, ...]


def shaped(answer: object, shape: Shape[T], command: str) -> T:
    """The command's answer, which must be of that shape. Raises QemuError where it is not."""
    try:
        return shape(answer)
    except Misshapen as error:
        place = "".join(f"[{step}]" for step in error.place[:_LONGEST_PLACE])
        raise QemuError(f"{NO_QMP}its answer{place} to {command}: {error}") from error
    except RecursionError as error:
        raise QemuError(f"{NO_QMP}its answer to {command} is nested too deeply") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Misshapen("it should be a text")
    return value


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise Misshapen("it should be true or false")
    return value


def _number(value: object) -> int:
    # To Python `true` is a number.
    if not isinstance(value, int) or isinstance(value, bool):
        raise Misshapen("it should be a whole number")
    return value


def _up_to(most: int, value: object) -> int:
    number = _number(value)
    if not 0 <= number <= most:
        raise Misshapen(f"it should be a number from 0 to {most}")
    return number


def _each(entry: Shape[T], value: object) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise Misshapen("it should be a list")
    return tuple(_at(index, entry, part) for index, part in enumerate(value))


def _member(value: object, name: str, shape: Shape[T]) -> T:
    if not isinstance(value, dict):
        raise Misshapen("it should be an object")
    if name not in value:
        raise Misshapen(f"it has no '{name}'")
    return _at(name, shape, value[name])


def _member_if_any(value: object, name: str, shape: Shape[T]) -> T | None:
    is_there = isinstance(value, dict) and value.get(name) is not None
    return _member(value, name, shape) if is_there else None


def _at(step: str | int, shape: Shape[T], value: object) -> T:
    try:
        return shape(value)
    except Misshapen as error:
        error.place.insert(0, step)
        raise


def _listed(value: object) -> Listed:
    return Listed(_member(value, "name", _text), _member(value, "type", _text))


def _named(value: object) -> Named:
    return Named(_member(value, "name", _text))


def _typed(value: object) -> Typed:
    return Typed(_member(value, "name", _text), _member_if_any(value, "parent", _text))


def _compat_property(value: object) -> CompatProperty:
    of = (_member(value, name, _text) for name in ("qom-type", "property", "value"))
    return CompatProperty(*of)


def _machine_type(value: object) -> MachineType:
    return MachineType(
        name=_member(value, "name", _text),
        alias=_member_if_any(value, "alias", _text),
        deprecated=_member(value, "deprecated", _switch),
        compat=_member_if_any(value, "compat-props", partial(_each, _compat_property)),
    )


def _ids(value: object) -> tuple[int, int]:
    id_of = partial(_up_to, _ID)
    return _member(value, "vendor", id_of), _member(value, "device", id_of)


def _behind(value: object) -> tuple[PciDevice, ...]:
    if isinstance(value, dict) and "devices" not in value:
        return ()
    return _member(value, "devices", _devices)


def _pci_device(value: object) -> PciDevice:
    vendor, device = _member(value, "id", _ids)
    is_bridge = isinstance(value, dict) and value.get("pci_bridge") is not None
    return PciDevice(
        bus=_member(value, "bus", partial(_up_to, _BYTE)),
        slot=_member(value, "slot", partial(_up_to, _SLOT)),
        function=_member(value, "function", partial(_up_to, _FUNCTION)),
        vendor=vendor,
        device=device,
        qdev_id=_member(value, "qdev_id", _text),
        behind=_member(value, "pci_bridge", _behind) if is_bridge else (),
    )


def _devices(value: object) -> tuple[PciDevice, ...]:
    return _each(_pci_device, value)


def _pci_bus(value: object) -> PciBus:
    return PciBus(
        _member(value, "bus", partial(_up_to, _BYTE)), _member(value, "devices", _devices)
    )


TEXT: Shape[str] = _text
NUMBER: Shape[int] = _number
NAMES: Shape[tuple[Named, ...]] = partial(_each, _named)
LISTING: Shape[tuple[Listed, ...]] = partial(_each, _listed)
PCI: Shape[tuple[PciBus, ...]] = partial(_each, _pci_bus)
TYPES: Shape[tuple[Typed, ...]] = partial(_each, _typed)
MACHINES: Shape[tuple[MachineType, ...]] = partial(_each, _machine_type)
