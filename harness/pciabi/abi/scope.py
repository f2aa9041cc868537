"""What a comparison speaks of, said positively, and what it does not. Pure.

A verdict is no promise about what nobody looked at: every report names both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pciabi.abi.facts import configuration_space
from pciabi.abi.families import families
from pciabi.abi.snapshot import Snapshot

_IDS = "ids and class"

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
    read, not_read = [], []
    for family in families():
        if family.title is None:
            continue
        if sides and all(family.is_in_scope_of(side) for side in sides):
            read.append(family.title)
            continue
        not_read.append(family.title)
        if sides and family is configuration_space.FAMILY:
            # Every snapshot tells some of it.
            read.append(_IDS)
    accelerators = {side.provenance.accelerator for side in sides} - {""}
    return Scope(
        # Families that share a title are read only where all of them were.
        read=tuple(title for title in dict.fromkeys(read) if title not in not_read),
        not_read=tuple(dict.fromkeys(not_read)),
        accelerators=tuple(sorted(accelerators)),
    )
