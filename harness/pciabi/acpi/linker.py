"""What firmware is told to do with the tables before a guest sees them (`etc/table-loader`).

QEMU leaves addresses and checksums to the firmware: what stands in their places tells of where
other tables happen to be. Source: QEMU, hw/acpi/bios-linker-loader.c.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from pciabi.acpi.undecodable import Undecodable

_ENTRY_SIZE = 128
_COMMAND = struct.Struct("<I")
_POINTER = struct.Struct("<56s56sIB")
_CHECKSUM = struct.Struct("<56sIII")
_ADD_POINTER, _ADD_CHECKSUM = 2, 3
_MOST_ENTRIES = 10_000
_POINTER_SIZES = (1, 2, 4, 8)


def extent(script: bytes, name: str) -> int:
    """How many bytes of that file the tables take: up to the end of the last one that gets a
    checksum. The rest is padding. 0 where none gets one.

    Raises Undecodable.
    """
    return max((start + length for _, start, length in _checksums(script, name)), default=0)


def filled_in(script: bytes, name: str) -> Iterator[tuple[int, int]]:
    """Offset and length of each field of that file that firmware fills in.

    Raises Undecodable.
    """
    for command, entry in _entries(script):
        if command == _ADD_POINTER:
            file, _, offset, size = _POINTER.unpack_from(entry, _COMMAND.size)
            if size not in _POINTER_SIZES:
                raise Undecodable(f"no pointer has {size} bytes")
            if _text(file) == name:
                yield offset, size
    for offset, _, _ in _checksums(script, name):
        yield offset, 1


def _checksums(script: bytes, name: str) -> Iterator[tuple[int, int, int]]:
    """Where each checksum goes, and start and length of what it is over."""
    for command, entry in _entries(script):
        if command == _ADD_CHECKSUM:
            file, offset, start, length = _CHECKSUM.unpack_from(entry, _COMMAND.size)
            if _text(file) == name:
                yield offset, start, length


def _entries(script: bytes) -> Iterator[tuple[int, bytes]]:
    if len(script) > _MOST_ENTRIES * _ENTRY_SIZE:
        raise Undecodable("firmware is told to do more with the tables than anybody could")
    for at in range(0, len(script) - _ENTRY_SIZE + 1, _ENTRY_SIZE):
        entry = script[at : at + _ENTRY_SIZE]
        yield _COMMAND.unpack_from(entry)[0], entry


def _text(name: bytes) -> str:
    return name.split(b"\0", 1)[0].decode("ascii", errors="replace")
