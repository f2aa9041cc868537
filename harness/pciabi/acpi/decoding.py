"""The files that QEMU has for a firmware's ACPI tables, decoded once for the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pciabi.acpi import linker, tables
from pciabi.acpi.namespace import declared
from pciabi.acpi.pci_devices import PciDevices
from pciabi.acpi.tables import Table, Window
from pciabi.acpi.undecodable import Undecodable

FILE = "etc/acpi/tables"
SCRIPT = "etc/table-loader"
_LISTS_OF_ADDRESSES = frozenset({"RSDT", "XSDT"})
_MCFG = "MCFG"
# Machines of one command, and of one job, are few.
_KEPT = 8


@dataclass(frozen=True)
class Decoded:
    """What the tables say. `contents` are their bytes without what firmware or pciabi itself
    decides: addresses, checksums, the place of MCFG's windows.

    `devices` is None, and `problem` says why, where the AML cannot be decoded.
    """

    tables: tuple[Table, ...]
    contents: tuple[bytes, ...]
    windows: tuple[Window, ...]
    devices: PciDevices | None
    problem: str | None


@lru_cache(maxsize=_KEPT)
def decode(file: bytes, script: bytes) -> Decoded:
    """The tables in `FILE`, with what `SCRIPT` tells the firmware to do to them."""
    try:
        found = tables.tables(file)
        contents = _contents(file, script, found)
        windows = tuple(
            window for one in found if one.signature == _MCFG for window in tables.windows(one.data)
        )
    except Undecodable as error:
        return Decoded((), (), (), None, str(error))
    aml = sorted((one for one in found if one.signature in tables.AML), key=lambda t: t.signature)
    try:
        devices = PciDevices(declared(one.data for one in aml))
    except Undecodable as error:
        return Decoded(found, contents, windows, None, str(error))
    return Decoded(found, contents, windows, devices, None)


def _contents(file: bytes, script: bytes, found: tuple[Table, ...]) -> tuple[bytes, ...]:
    bare = bytearray(file)
    for offset, size in linker.filled_in(script, FILE):
        if offset + size > len(file):
            raise Undecodable(f"firmware is to fill in {size} bytes at {offset:#x}, behind the end")
        bare[offset : offset + size] = bytes(size)
    return tuple(_content(one, bytes(bare[one.start : one.start + len(one.data)])) for one in found)


def _content(table: Table, data: bytes) -> bytes:
    if table.signature in _LISTS_OF_ADDRESSES:
        return data[: tables.HEADER_SIZE]
    if table.signature == _MCFG:
        bare = bytearray(data)
        for offset, size in tables.window_addresses(data):
            bare[offset : offset + size] = bytes(size)
        return bytes(bare)
    return data
