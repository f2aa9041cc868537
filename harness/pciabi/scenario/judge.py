"""Two boots of a case held against what the scenario expects of them. Pure."""

from __future__ import annotations

from pciabi.abi.snapshot import Snapshot
from pciabi.errors import CannotTest, SourcePosition
from pciabi.result import judged
from pciabi.result.expectations import Expectations
from pciabi.result.judged import JudgedComparison
from pciabi.result.side import Side
from pciabi.result.verdict import Verdict
from pciabi.scenario.case import Case


def judge(
    case: Case, expectations: Expectations, before: Snapshot, after: Snapshot
) -> JudgedComparison:
    """Compare two boots and hold the changes against the expectations.

    Raises CannotTest where only one of the two boots showed something, unless a change that
    nobody expected proves a break.
    """
    sides = _side(case, expectations.before, before), _side(case, expectations.after, after)
    comparison = judged.judge(*sides, expectations)
    if comparison.verdict is Verdict.ERROR:
        raise _one_sided(comparison)
    return comparison


def _side(case: Case, boot: int, snapshot: Snapshot) -> Side:
    devices = (*case.boots[boot].config.devices, *case.boots[boot].plugged)
    places = {one.id: one.position for one in devices if one.position is not None}
    return Side(case.boots[boot].label, snapshot, SourcePosition(str(case.file), 1), places)


def _one_sided(comparison: JudgedComparison) -> CannotTest:
    """The error for what one of two boots showed, by the first such thing."""
    unknown = next(unknown for unknown in comparison.unknowns if not unknown.excused)
    side = "before" if unknown.why_before else "after"
    why = unknown.why_before or unknown.why_after
    return CannotTest(f"{unknown.field} of {unknown.label} is not known {side}: {why}")
