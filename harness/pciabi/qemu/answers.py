"""The shapes of QEMU's answers. One of another shape is no QEMU's, and is called that."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pciabi.errors import QemuError

T = TypeVar("T")

NO_QMP = "what QEMU says on its monitor is no QMP: "
"""Begins the message about a program that speaks, and not QMP."""

_Byte = Annotated[int, Field(ge=0, le=0xFF)]
_Id = Annotated[int, Field(ge=0, le=0xFFFF)]


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class Listed(_Answer):
    """An entry of `qom-list`."""

    name: str
    type: str


class Named(_Answer):
    """An entry of a list that is asked for its names: `qom-list-types` and the like."""

    name: str


class Ids(_Answer):
    """What a function says it is."""

    vendor: _Id
    device: _Id


class Behind(_Answer):
    """What is behind a bridge."""

    devices: list[PciDevice] = []


class PciDevice(_Answer):
    """A function in `query-pci`. One without an id has an empty `qdev_id`."""

    bus: _Byte
    slot: Annotated[int, Field(ge=0, le=0x1F)]
    function: Annotated[int, Field(ge=0, le=7)]
    id: Ids
    qdev_id: str
    pci_bridge: Behind | None = None


class PciBus(_Answer):
    """A root bus in `query-pci`."""

    bus: _Byte
    devices: list[PciDevice]


TEXT = TypeAdapter(str)
NUMBER = TypeAdapter(int)
NAMES = TypeAdapter(list[Named])
LISTING = TypeAdapter(list[Listed])
PCI = TypeAdapter(list[PciBus])


def shaped(answer: object, shape: TypeAdapter[T], command: str) -> T:
    """The command's answer, which must be of that shape. Raises QemuError where it is not."""
    try:
        return shape.validate_python(answer, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = "".join(f"[{step}]" for step in first["loc"][:8])
        said = f"its answer{place} to {command}: {first['msg'][:100]}"
        raise QemuError(f"{NO_QMP}{said}") from error
    except RecursionError as error:
        raise QemuError(f"{NO_QMP}its answer to {command} is nested too deeply") from error
