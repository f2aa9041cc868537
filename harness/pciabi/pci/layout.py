"""How configuration space is described: fields with a place, a mask and a class, as data.

A `Structure` lists the fields of a header or capability. Bits that no field names are
reserved by the specification, must read as the device made them, and become fixed fields of
their own, so that every bit of a structure belongs to exactly one field.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import NamedTuple

from pciabi.pci.encoding import Encoding


class FieldClass(StrEnum):
    """Who decides what a guest reads in a field."""

    FIXED = "fixed"
    WRITABLE = "writable"
    STATUS = "status"
    ASSIGNED = "assigned"


class Topic(StrEnum):
    """What a field is about; abi.change.Kind uses the same words."""

    IDENTITY = "identity"
    CLASS = "class"
    HEADER = "header"
    CAPABILITY = "capability"
    BAR = "bar"
    ROM = "rom"
    INTERRUPT = "interrupt"


class Notation(StrEnum):
    """How a value is printed: `COUNT` for a number stored as n-1, `POWER` for a logarithm,
    `ADDRESS` for a number that keeps its place in the register, `PIN` for an interrupt pin."""

    HEX = "hex"
    COUNT = "count"
    POWER = "power"
    ADDRESS = "address"
    PIN = "pin"


@dataclass(frozen=True)
class Field:
    """Some bits of a register.

    `offset` and `width` are bytes, relative to the structure; `mask` is within the register.
    `source` says where the class comes from.
    """

    name: str
    offset: int
    width: int
    mask: int
    field_class: FieldClass
    topic: Topic
    source: str
    notation: Notation | Encoding = Notation.HEX

    def shown(self, value: int) -> str:
        """A value as people write it."""
        if not isinstance(self.notation, Notation):
            return self.notation.shown(value) or self._in_hex(value)
        if self.notation is Notation.COUNT:
            return str(value + 1)
        if self.notation is Notation.POWER:
            return str(1 << value)
        if self.notation is Notation.ADDRESS:
            return f"0x{value << self.shift:x}"
        if self.notation is Notation.PIN and value <= 4:
            return f"INT{'ABCD'[value - 1]}" if value else "none"
        if self.mask.bit_count() == 1:
            return "yes" if value else "no"
        return self._in_hex(value)

    def _in_hex(self, value: int) -> str:
        return f"0x{value:0{(self.mask.bit_count() + 3) // 4}x}"

    @cached_property
    def shift(self) -> int:
        """The place of the lowest bit."""
        return (self.mask & -self.mask).bit_length() - 1


@dataclass(frozen=True)
class Row:
    """One line of a layout table, before it knows the structure it belongs to.

    A field of a register that has several is called `register: field`.
    """

    name: str
    offset: int
    width: int
    mask: int
    field_class: FieldClass
    topic: Topic | None = None
    notation: Notation | Encoding = Notation.HEX

    def shown_as(self, notation: Notation | Encoding) -> Row:
        """The row with its values in another notation."""
        return replace(self, notation=notation)


@dataclass(frozen=True)
class Structure:
    """A header or capability: its name, its length in bytes, its fields without a gap."""

    name: str
    length: int
    fields: tuple[Field, ...]


class FieldValue(NamedTuple):
    """A field read at `offset`, its register's absolute place in configuration space.

    A tuple, for there are a hundred to a function.
    """

    field: Field
    offset: int
    value: int

    @property
    def shown(self) -> str:
        """The value as people write it."""
        return self.field.shown(self.value)


def fixed(name: str, offset: int, width: int, mask: int = -1) -> Row:
    """A row for bits the guest cannot change."""
    return Row(name, offset, width, _mask(width, mask), FieldClass.FIXED)


def writable(name: str, offset: int, width: int, mask: int = -1) -> Row:
    """A row for bits software writes."""
    return Row(name, offset, width, _mask(width, mask), FieldClass.WRITABLE)


def status(name: str, offset: int, width: int, mask: int = -1) -> Row:
    """A row for bits the device changes while it runs."""
    return Row(name, offset, width, _mask(width, mask), FieldClass.STATUS)


def assigned(name: str, offset: int, width: int, mask: int = -1) -> Row:
    """A row for bits firmware or the OS assigns."""
    row = Row(name, offset, width, _mask(width, mask), FieldClass.ASSIGNED)
    return replace(row, notation=Notation.ADDRESS)


def structure(
    name: str, length: int, source: str, rows: Iterable[Row], *, topic: Topic = Topic.CAPABILITY
) -> Structure:
    """A structure of `length` bytes, its unnamed bits filled with reserved fields.

    Rows that begin beyond the end are dropped (a truncated capability). Raises ValueError
    where two rows claim one bit: a table is wrong.
    """
    return _structure(name, length, source, tuple(rows), topic)


# Devices of one type have the same structures, and a machine has many of a type.
@lru_cache(maxsize=1024)
def _structure(
    name: str, length: int, source: str, rows: tuple[Row, ...], topic: Topic
) -> Structure:
    fields = [
        Field(
            row.name,
            row.offset,
            row.width,
            row.mask,
            row.field_class,
            row.topic or topic,
            source,
            row.notation,
        )
        for row in rows
        if row.offset + row.width <= length
    ]
    free = _unnamed_bits(name, length, fields)
    reserved = [
        Field(f"reserved bits at 0x{offset:02x}", offset, 1, mask, FieldClass.FIXED, topic, source)
        for offset, mask in enumerate(free)
        if mask
    ]
    every = sorted([*fields, *reserved], key=lambda field: (field.offset, field.shift))
    return Structure(name, length, tuple(every))


def read_fields(config: bytes, base: int, fields: Iterable[Field]) -> tuple[FieldValue, ...]:
    """The fields' values in configuration space, `base` being the structure's offset."""
    values = []
    for field in fields:
        start = base + field.offset
        register = int.from_bytes(config[start : start + field.width], "little")
        values.append(FieldValue(field, start, (register & field.mask) >> field.shift))
    return tuple(values)


def dword(raw: bytes, offset: int) -> int:
    """The 32 bits at `offset`; what lies beyond the end reads as zero."""
    return int.from_bytes(raw[offset : offset + 4], "little")


def _mask(width: int, mask: int) -> int:
    return mask & ((1 << 8 * width) - 1)


def _unnamed_bits(name: str, length: int, fields: Iterable[Field]) -> list[int]:
    free = [0xFF] * length
    for field in fields:
        for index, claimed in enumerate(field.mask.to_bytes(field.width, "little")):
            place = field.offset + index
            if claimed & ~free[place]:
                raise ValueError(f"{name}: two fields claim a bit at 0x{place:02x}")
            free[place] &= ~claimed
    return free
