"""One PCI function as it was read, before anybody judges it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pciabi.pci.address import GuestAddress


class BarKind(StrEnum):
    """The address space and width a base address register decodes."""

    IO = "io"
    MEM16 = "mem16"
    MEM32 = "mem32"
    MEM64 = "mem64"


@dataclass(frozen=True)
class Bar:
    """A base address register: its index (0 to 5), kind and size in bytes.

    `size` is None where the reader could not learn it (a disabled or unassigned BAR).
    """

    index: int
    kind: BarKind
    prefetchable: bool
    size: int | None


@dataclass(frozen=True)
class PciFunction:
    """One function: where it is and the bytes and facts read from it.

    `config` is its configuration space, 64, 256 or 4096 bytes. `rom_size` is the expansion
    ROM's size in bytes, None without a ROM or where its size could not be read. `driver` is the
    kernel driver bound to it, None where none is. `text` is the human-readable `lspci -vvv`
    block without the hex dump.
    """

    address: GuestAddress
    config: bytes
    bars: tuple[Bar, ...]
    rom_size: int | None
    driver: str | None
    text: str
