"""What a gate leaves open, the same of many VMs together, the same in every report. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pciabi.abi.change import Outcome
from pciabi.abi.naming import MACHINE_LABEL
from pciabi.abi.unknown import Unknown
from pciabi.pci.address import GuestAddress
from pciabi.report.words import vms
from pciabi.report.words.gaps import Gap, gaps
from pciabi.result.entry import Entry

_ANYWHERE = GuestAddress(0, 0, 0, 0)


@dataclass(frozen=True)
class OpenQuestion:
    """Things left open for the same reason in the same VMs (by number); devices by their type."""

    gap: Gap
    vms: tuple[int, ...]

    def names(self, names: Sequence[str]) -> tuple[str, ...]:
        """What those VMs are called, given what all are."""
        return tuple(names[vm] for vm in self.vms)

    def line(self, names: Sequence[str]) -> str:
        """Such as `interface name of e1000: only a boot shows it (2 VMs: web, db)`."""
        those = vms.shown(self.names(names))
        return f"{self.gap} ({vms.count(len(self.vms))}: {those})"


def open_questions(entries: Sequence[Entry]) -> tuple[OpenQuestion, ...]:
    """What is left open of these VMs; what is not excused first."""
    by_unknown: dict[Unknown, list[int]] = {}
    for vm, entry in enumerate(entries):
        unknowns = (_by_type(u) for one in entry.comparisons for u in one.unknowns)
        for unknown in dict.fromkeys(unknowns):
            by_unknown.setdefault(unknown, []).append(vm)
    groups: dict[tuple[bool, tuple[int, ...]], list[Unknown]] = {}
    for unknown, those in by_unknown.items():
        groups.setdefault((unknown.excused, tuple(those)), []).append(unknown)
    in_order = sorted(groups.items(), key=lambda group: (group[0][0], -len(group[0][1])))
    return tuple(
        OpenQuestion(gap, those) for (_, those), unknowns in in_order for gap in gaps(unknowns)
    )


def unanswered(entries: Sequence[Entry]) -> int:
    """How many questions about guest systems have no answer; they are told with the changes."""
    changes = (change for e in entries for one in e.comparisons for change in one.changes)
    return sum(c.outcome is Outcome.UNKNOWN for change in changes for c in change.consequences)


def _by_type(unknown: Unknown) -> Unknown:
    """The same of every device of its type, and of every machine: without id and place."""
    if unknown.device is None:
        return unknown
    # What QEMU calls the machine as a whole holds the machine type's name.
    type_ = MACHINE_LABEL if unknown.label == MACHINE_LABEL else unknown.device
    anywhere = replace(unknown, address_before=_ANYWHERE, address_after=_ANYWHERE)
    return replace(anywhere, id=None, device=type_, label=type_)
