"""What a comparison speaks of, said positively, and what it does not. Pure.

A verdict is no promise about what nobody looked at: every report names both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.pci import registers as reg
from pciabi.pci.function import Fact

_TOPOLOGY = "topology"
_IDS = "ids and class"
_CONFIGURATION_SPACE = "configuration space"
_BARS = "BARs"
_ROMS = "expansion ROM sizes"
_IDENTIFIERS = "identifying properties (MAC address, serial number, ACPI index, mount tag)"
_NAMES = "interface names"
_FAMILIES = (_TOPOLOGY, _IDS, _CONFIGURATION_SPACE, _BARS, _ROMS, _IDENTIFIERS, _NAMES)

_AFTER_THE_CLASS = reg.CLASS + 2

NOT_YET = ("virtio features and queues", "ACPI", "SMBIOS", "other device properties")
"""What a guest sees and pciabi does not read."""

NEVER = (
    "CPU features",
    "memory map",
    "USB, SCSI and IDE devices",
    "firmware",
    "performance",
)
"""What is no part of the question."""


@dataclass(frozen=True)
class Scope:
    """The families of facts that were read on every side, those that were not, and under which
    accelerators (`tcg`) QEMU ran meanwhile; none where its source does not tell."""

    read: tuple[str, ...]
    not_read: tuple[str, ...]
    accelerators: tuple[str, ...]


def scope(snapshots: Iterable[Snapshot]) -> Scope:
    """What was read in all of these; nothing in none."""
    sides = tuple(snapshots)
    told = [frozenset(_read(side)) for side in sides]
    everywhere = frozenset.intersection(*told) if told else frozenset()
    if _CONFIGURATION_SPACE in everywhere:
        # It holds them.
        everywhere -= {_IDS}
    accelerators = {side.provenance.accelerator for side in sides} - {""}
    return Scope(
        read=tuple(family for family in _FAMILIES if family in everywhere),
        not_read=(
            *(family for family in _FAMILIES if family not in everywhere and family != _IDS),
            *NOT_YET,
        ),
        accelerators=tuple(sorted(accelerators)),
    )


def _read(side: Snapshot) -> Iterator[str]:
    """The families of which a side tells something."""
    yield _IDS
    functions = side.functions
    if any(any(placed.function.known[_AFTER_THE_CLASS:]) for placed in functions):
        yield _CONFIGURATION_SPACE
    if _somewhere(functions, Fact.PATH):
        yield _TOPOLOGY
    if _somewhere(functions, Fact.BARS):
        yield _BARS
    if _somewhere(functions, Fact.ROM):
        yield _ROMS
    if any(function.identifiers is not None for function in functions):
        yield _IDENTIFIERS
    if side.interfaces:
        yield _NAMES


def _somewhere(functions: Iterable[PlacedFunction], fact: Fact) -> bool:
    return any(fact not in placed.function.unread for placed in functions)
