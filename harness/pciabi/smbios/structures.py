"""The structures of an SMBIOS table: a formatted area each, and the strings behind it. Pure.

Source: DMTF, DSP0134, System Management BIOS Reference Specification 3.7, 6.1.2 (header) and
6.1.3 (text strings).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_HEADER_BYTES = 4
_TYPE, _LENGTH, _HANDLE = 0, 1, 2
_END_OF_TABLE = 127
_NO_STRING = 0


@dataclass(frozen=True)
class Structure:
    """One structure. `formatted` is its formatted area with the header in front, so that the
    specification's offsets hold; `strings` are numbered from 1 in it."""

    type: int
    handle: int
    formatted: bytes
    strings: tuple[str, ...]

    def string(self, offset: int) -> str | None:
        """The string whose number stands at an offset, None where there is none."""
        number = self.formatted[offset] if offset < len(self.formatted) else _NO_STRING
        if number == _NO_STRING or number > len(self.strings):
            return None
        return self.strings[number - 1]


def structures(table: bytes) -> Iterator[Structure]:
    """The structures of a table, up to the one that ends it if there is one.

    Raises ValueError where one of them is cut off, or shorter than its own header.
    """
    start = 0
    while start < len(table):
        structure, start = _structure(table, start)
        if structure.type == _END_OF_TABLE:
            return
        yield structure


def _structure(table: bytes, start: int) -> tuple[Structure, int]:
    """The structure that begins there, and where the next one does."""
    header = table[start : start + _HEADER_BYTES]
    if len(header) < _HEADER_BYTES:
        raise ValueError(f"the SMBIOS table ends within a structure's header, at byte {start}")
    formatted = table[start : start + header[_LENGTH]]
    what = f"the SMBIOS structure of type {header[_TYPE]} at byte {start}"
    if header[_LENGTH] < _HEADER_BYTES:
        raise ValueError(f"{what} says that it has {header[_LENGTH]} bytes")
    strings_at = start + header[_LENGTH]
    end = table.find(b"\0\0", strings_at)
    if end < 0:
        raise ValueError(f"{what} has no end")
    handle = int.from_bytes(header[_HANDLE:], "little")
    strings = tuple(map(_text, table[strings_at:end].split(b"\0"))) if end > strings_at else ()
    return Structure(header[_TYPE], handle, formatted, strings), end + 2


def _text(data: bytes) -> str:
    """The text of a string; the specification wants ASCII, and people write UTF-8."""
    return data.decode(errors="backslashreplace")
