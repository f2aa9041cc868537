"""How AML writes down lengths, names, integers and texts.

Each function reads what stands at an offset and returns it with the offset behind it; none reads
beyond `end`. All raise Undecodable. Source: ACPI 6.5, 20.2.2 to 20.2.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.acpi.undecodable import Undecodable

Path = tuple[str, ...]
"""The segments of an absolute name, the root's being none."""

ZERO, ONE, ONES, TEXT = 0x00, 0x01, 0xFF, 0x0D
BUFFER, PACKAGE, VARIABLE_PACKAGE = 0x11, 0x12, 0x13
_CONSTANTS: Mapping[int, int] = MappingProxyType({ZERO: 0, ONE: 1})
_WIDTHS: Mapping[int, int] = MappingProxyType({0x0A: 1, 0x0B: 2, 0x0C: 4, 0x0E: 8})
_ROOT, _PARENT, _DUAL, _MULTI, _NO_NAME = 0x5C, 0x5E, 0x2E, 0x2F, 0x00
_SEGMENT = 4
_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_LETTERS_AND_DIGITS = _LETTERS | frozenset(b"0123456789")


@dataclass(frozen=True)
class Name:
    """A name as it stands in AML: how many scopes up it begins, None for the root."""

    up: int | None
    segments: Path

    @property
    def is_searched(self) -> bool:
        """Whether it may be that of an object further up: a single segment without a prefix."""
        return self.up == 0 and len(self.segments) == 1

    def within(self, scope: Path) -> Path:
        """The absolute name that it declares in a scope. Raises Undecodable."""
        if self.up is None:
            return self.segments
        if self.up > len(scope):
            raise Undecodable("a name goes further up than the root")
        return scope[: len(scope) - self.up] + self.segments


def byte(aml: bytes, at: int, end: int) -> int:
    """The byte there."""
    if at >= end:
        raise Undecodable("AML ends where more must follow")
    return aml[at]


def package_end(aml: bytes, at: int, end: int) -> tuple[int, int]:
    """Where what stands there ends by its PkgLength, and where its content begins."""
    lead = byte(aml, at, end)
    more = lead >> 6
    behind = at + 1 + more
    if behind > end:
        raise Undecodable("AML ends within a length")
    length = lead & 0x3F
    if more:
        length = lead & 0x0F | int.from_bytes(aml[at + 1 : behind], "little") << 4
    stop = at + length
    if not behind <= stop <= end:
        raise Undecodable("a length in AML leads out of what it stands in")
    return stop, behind


def name(aml: bytes, at: int, end: int) -> tuple[Name, int]:
    """A NameString."""
    up: int | None = 0
    lead = byte(aml, at, end)
    if lead == _ROOT:
        up, at = None, at + 1
    else:
        first = at
        while lead == _PARENT:
            at += 1
            lead = byte(aml, at, end)
        up = at - first
    lead = byte(aml, at, end)
    if lead == _NO_NAME:
        return Name(up, ()), at + 1
    count = 1
    if lead == _DUAL:
        count, at = 2, at + 1
    elif lead == _MULTI:
        count, at = byte(aml, at + 1, end), at + 2
    behind = at + _SEGMENT * count
    if behind > end:
        raise Undecodable("AML ends within a name")
    segments = tuple(_segment(aml[i : i + _SEGMENT]) for i in range(at, behind, _SEGMENT))
    return Name(up, segments), behind


def _segment(letters: bytes) -> str:
    if letters[0] not in _LETTERS or not _LETTERS_AND_DIGITS.issuperset(letters[1:]):
        raise Undecodable(f"no name in AML is {letters!r}")
    return letters.decode("ascii")


def is_name(lead: int) -> bool:
    """Whether a name begins with this byte."""
    return lead in _LETTERS or lead in (_ROOT, _PARENT, _DUAL, _MULTI)


def integer(aml: bytes, at: int, end: int) -> tuple[int, int] | None:
    """A constant integer; None where none stands there. Ones is -1."""
    lead = byte(aml, at, end)
    if lead in _CONSTANTS:
        return _CONSTANTS[lead], at + 1
    if lead == ONES:
        return -1, at + 1
    width = _WIDTHS.get(lead)
    if width is None:
        return None
    behind = at + 1 + width
    if behind > end:
        raise Undecodable("AML ends within an integer")
    return int.from_bytes(aml[at + 1 : behind], "little"), behind


def text(aml: bytes, at: int, end: int) -> tuple[str, int]:
    """A string, whose prefix stands there."""
    stop = aml.find(b"\0", at + 1, end)
    if stop < 0:
        raise Undecodable("AML ends within a string")
    return aml[at + 1 : stop].decode("ascii", errors="replace"), stop + 1
