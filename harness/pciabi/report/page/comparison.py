"""A comparison as every page shows it: the slot map, the changes, what lspci prints."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.abi.judgement import Severity
from pciabi.report.page.difference import Difference, differences
from pciabi.report.page.slot_map import SlotMap, slot_map
from pciabi.report.words.changes import by_weight
from pciabi.result.judged import JudgedChange, JudgedComparison
from pciabi.result.policy import Policy


@dataclass(frozen=True)
class Compared:
    """What a page shows of a comparison; `benign` are the changes that are no part of the
    hardware, `weighty` all others."""

    map: SlotMap
    weighty: tuple[JudgedChange, ...]
    benign: tuple[JudgedChange, ...]
    differences: tuple[Difference, ...]


def compared(comparison: JudgedComparison) -> Compared:
    """The comparison, worse changes first."""
    before, after = comparison.before, comparison.after
    names, name = (before.name_of, after.name_of), comparison.name_of
    # In a scenario all devices have an id, but for those that are built in.
    is_named = isinstance(comparison.terms, Policy)
    changes = by_weight(comparison.judged_changes)
    return Compared(
        map=slot_map(comparison, names if is_named else None),
        weighty=tuple(j for j in changes if j.change.severity is not Severity.BENIGN),
        benign=tuple(j for j in changes if j.change.severity is Severity.BENIGN),
        differences=differences(before.snapshot, after.snapshot, name if is_named else None),
    )
