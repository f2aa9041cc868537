"""ACPI's tables, one behind the other in the file that QEMU has for the firmware.

Each but the FACS begins with the same header; zeros may stand between them and behind the last.
Source: ACPI 6.5, 5.2.6 (header), 5.2.10 (FACS); PCI Firmware Specification 3.2, 4.1.2 (MCFG).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pciabi.acpi.undecodable import Undecodable

HEADER_SIZE = 36
AML = frozenset({"DSDT", "SSDT"})
"""The signatures of tables that hold AML."""

_FACS = "FACS"
_HEAD = struct.Struct("<4sI")
_OEM_TABLE_ID = slice(16, 24)
_MCFG_WINDOWS = HEADER_SIZE + 8
_MCFG_WINDOW = struct.Struct("<QHBB4x")
_MOST_TABLES = 1_000


@dataclass(frozen=True)
class Table:
    """A table: where it begins in the file, and its bytes, the header included."""

    start: int
    data: bytes

    @property
    def signature(self) -> str:
        """Its four letters."""
        return self.data[:4].decode("ascii")

    @property
    def oem_table_id(self) -> str:
        """What its maker calls it; empty for the FACS, which has no such name."""
        if self.signature == _FACS:
            return ""
        return self.data[_OEM_TABLE_ID].decode("ascii", errors="replace").rstrip("\0 ")


@dataclass(frozen=True)
class Window:
    """The buses of a segment that a memory window reaches, its address apart."""

    segment: int
    first_bus: int
    last_bus: int


def tables(file: bytes) -> tuple[Table, ...]:
    """The tables in a file, in its order. Raises Undecodable."""
    return tuple(_walk(file))


def _walk(file: bytes) -> Iterator[Table]:
    at, count = _skip_zeros(file, 0), 0
    while at < len(file):
        if at + _HEAD.size > len(file):
            raise Undecodable(f"a table at {at:#x} has no header")
        signature, length = _HEAD.unpack_from(file, at)
        if not signature.isalnum():
            raise Undecodable(f"no table has the signature {signature!r} (at {at:#x})")
        if length < HEADER_SIZE or at + length > len(file):
            here = f"the table {signature.decode()} at {at:#x}"
            raise Undecodable(f"{here} says it has {length} bytes, of {len(file) - at}")
        count += 1
        if count > _MOST_TABLES:
            raise Undecodable(f"there are more than {_MOST_TABLES} tables")
        yield Table(at, file[at : at + length])
        at = _skip_zeros(file, at + length)


def _skip_zeros(file: bytes, at: int) -> int:
    return len(file) - len(file[at:].lstrip(b"\0"))


def windows(mcfg: bytes) -> tuple[Window, ...]:
    """The windows that an MCFG table tells. Raises Undecodable."""
    body = mcfg[_MCFG_WINDOWS:]
    if len(body) % _MCFG_WINDOW.size:
        raise Undecodable("the table MCFG ends within a window")
    return tuple(
        Window(segment, first, last) for _, segment, first, last in _MCFG_WINDOW.iter_unpack(body)
    )


def window_addresses(mcfg: bytes) -> Iterable[tuple[int, int]]:
    """Offset and length of each window's address in an MCFG table."""
    return ((at, 8) for at in range(_MCFG_WINDOWS, len(mcfg), _MCFG_WINDOW.size))
