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


class Fact(StrEnum):
    """Something besides the bytes of configuration space that a source may not tell."""

    PATH = "path"
    BARS = "BARs"
    BAR_SIZES = "BAR sizes"
    ROM = "expansion ROM"
    DRIVER = "kernel driver"


@dataclass(frozen=True)
class PciFunction:
    """One function: where it is and the bytes and facts read from it.

    `config` is its configuration space, 64, 256 or 4096 bytes. `rom_size` is the expansion
    ROM's size in bytes, None without a ROM or where its size could not be read. `driver` is the
    kernel driver bound to it, None where none is. `text` is the human-readable `lspci -vvv`
    block without the hex dump.

    What was read is said, never taken for granted: `known` has a bit set for each bit of
    `config` that was, and is as long as `config`; `unread` names the other facts that the
    source leaves open.
    """

    address: GuestAddress
    config: bytes
    bars: tuple[Bar, ...]
    rom_size: int | None
    driver: str | None
    text: str
    known: bytes
    unread: frozenset[Fact]

    @property
    def is_whole(self) -> bool:
        """Whether every bit of configuration space was read."""
        return self.known == all_bits(self.config)

    def was_read(self, offset: int, width: int, mask: int) -> bool:
        """Whether every bit of `mask` in the register at `offset` was read."""
        register = int.from_bytes(self.known[offset : offset + width], "little")
        return register & mask == mask


def all_bits(config: bytes) -> bytes:
    """The mask of a configuration space of which every bit was read."""
    return b"\xff" * len(config)
