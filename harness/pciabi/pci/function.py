"""One PCI function as it was read, before anybody judges it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from pciabi.pci.address import GuestAddress
from pciabi.pci.facts import UNREAD, Facts, Key


class BarKind(StrEnum):
    """The address space and width a base address register decodes."""

    IO = "io"
    MEM16 = "mem16"
    MEM32 = "mem32"
    MEM64 = "mem64"


class Stored:
    """A dataclass whose fields are the keys of an object in a snapshot file, and no others."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True)
class Bar(Stored):
    """A base address register: its index (0 to 5), kind and size in bytes.

    `size` is None where the reader could not learn it (a disabled or unassigned BAR).
    """

    index: int
    kind: BarKind
    prefetchable: bool
    size: int | None


@dataclass(frozen=True)
class Bars(Stored):
    """The BARs that a source lists. Where it does not tell sizes (`sized` is false) a register
    that reads as zero may be a BAR that nobody gave an address."""

    listed: tuple[Bar, ...]
    sized: bool


BARS: Key[Bars] = Key("bars")
ROM: Key[int | None] = Key("rom")
"""The expansion ROM's size in bytes; None without a ROM, or where its size was not learned."""
DRIVER: Key[str | None] = Key("driver")
"""The guest's kernel driver that is bound to the function; None where none is."""


@dataclass(frozen=True)
class PciFunction:
    """One function: where it is, its configuration space and the facts read of it.

    `config` is its configuration space, 64, 256 or 4096 bytes; `known` has a bit set for each
    bit of it that was read, and is as long. What was read is said, never taken for granted.
    `text` is the human-readable `lspci -vvv` block without the hex dump.
    """

    address: GuestAddress
    config: bytes
    known: bytes
    facts: Facts
    text: str = ""

    @property
    def bars(self) -> tuple[Bar, ...]:
        """The BARs that are listed; none where they were not read."""
        bars = self.facts.get(BARS)
        return () if bars is UNREAD else bars.listed

    @property
    def rom_size(self) -> int | None:
        """The expansion ROM's size in bytes, None where it is not known or there is no ROM."""
        size = self.facts.get(ROM)
        return None if size is UNREAD else size

    @property
    def driver(self) -> str | None:
        """The kernel driver, None where none is bound or known."""
        driver = self.facts.get(DRIVER)
        return None if driver is UNREAD else driver

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
