"""What a scenario expected against what two boots showed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pciabi.abi.change import Change, Harm, Outcome
from pciabi.abi.compare import compare
from pciabi.abi.facts.interfaces import RENAMED
from pciabi.abi.facts.topology import APPEARED, MOVED, RENUMBERED, VANISHED
from pciabi.abi.field_kinds import CLASS, IDENTITY
from pciabi.abi.judgement import Severity
from pciabi.abi.kind import Kind
from pciabi.abi.snapshot import Snapshot
from pciabi.abi.unknown import Unknown
from pciabi.abi.verdict import Verdict, verdict
from pciabi.errors import CannotTest
from pciabi.scenario.case import Aspect, Comparison
from pciabi.scenario.result import ComparisonResult, Failure, JudgedChange

# What each kind of change is a change of. Kinds not named here concern the hardware.
_ASPECTS: dict[Kind, frozenset[Aspect]] = {
    MOVED: frozenset({Aspect.ADDRESS, Aspect.PATH}),
    RENUMBERED: frozenset({Aspect.ADDRESS}),
    RENAMED: frozenset({Aspect.NAME}),
    VANISHED: frozenset({Aspect.PRESENCE}),
    APPEARED: frozenset({Aspect.PRESENCE}),
    IDENTITY: frozenset({Aspect.IDENTITY}),
    CLASS: frozenset({Aspect.IDENTITY}),
}
_HARDWARE = frozenset({Aspect.HARDWARE})


def aspects(change: Change) -> frozenset[Aspect]:
    """The aspects of its device that a change is a change of."""
    found = set(_ASPECTS.get(change.kind, _HARDWARE))
    if found == {Aspect.PRESENCE}:
        return frozenset(found)
    if change.kind == MOVED and change.address_before == change.address_after:
        found.remove(Aspect.ADDRESS)
    for consequence in change.consequences:
        if consequence.harm is Harm.LINUX_NAME and consequence.outcome is Outcome.CHANGED:
            found.add(Aspect.NAME)
    return frozenset(found)


def judge(before: Snapshot, after: Snapshot, comparison: Comparison) -> ComparisonResult:
    """Compare two boots and hold the changes against the comparison's expectations.

    Raises CannotTest where only one of the two boots showed something, unless a change that
    nobody expected proves a break.
    """
    found = compare(before, after)
    unknowns = found.unknowns
    broken = [change for change in found.changes if change.severity is Severity.BREAKING]
    unexpected = tuple(_unexpected(broken, comparison, after))
    unproved = verdict((), unknowns, frozenset()) is Verdict.ERROR
    if unproved and not unexpected:
        raise _one_sided(unknowns)
    # What was to change and is not seen to may be among what is not known.
    unfulfilled = () if unproved else tuple(_unfulfilled(broken, comparison))
    return ComparisonResult(
        before=comparison.before,
        after=comparison.after,
        removed=comparison.removed,
        added=comparison.added,
        changes=tuple(
            JudgedChange(change, is_expected(change, comparison)) for change in found.changes
        ),
        unknowns=unknowns,
        failures=(*unfulfilled, *unexpected),
    )


def _one_sided(unknowns: Sequence[Unknown]) -> CannotTest:
    """The error for what one of two boots showed, by the first such thing."""
    unknown = next(unknown for unknown in unknowns if not unknown.excused)
    side = "before" if unknown.why_before else "after"
    why = unknown.why_before or unknown.why_after
    return CannotTest(f"{unknown.field} of {unknown.label} is not known {side}: {why}")


def is_expected(change: Change, comparison: Comparison) -> bool:
    """Whether the scenario's steps or expectations account for a change."""
    if change.id is None:
        return False
    if change.kind == VANISHED and change.id in comparison.removed:
        return True
    if change.kind == APPEARED and change.id in comparison.added:
        return True
    allowed = {
        (expectation.device_id, expectation.aspect)
        for expectation in comparison.expectations
        if expectation.changed
    }
    tolerated = {(t.device_id, t.aspect) for t in comparison.tolerances}
    return all((change.id, aspect) in allowed | tolerated for aspect in aspects(change))


def _unfulfilled(broken: Sequence[Change], comparison: Comparison) -> Iterator[Failure]:
    for expectation in comparison.expectations:
        seen = any(
            change.id == expectation.device_id and expectation.aspect in aspects(change)
            for change in broken
        )
        if expectation.changed and not seen:
            yield Failure(
                expectation.device_id,
                expectation.aspect,
                f"the {expectation.aspect} of {expectation.device_id} was expected to change "
                "and did not",
                expectation.position,
            )


def _unexpected(
    broken: Sequence[Change], comparison: Comparison, after: Snapshot
) -> Iterator[Failure]:
    positions = {(e.device_id, e.aspect): e.position for e in comparison.expectations}
    for change in broken:
        if is_expected(change, comparison):
            continue
        blamed = [a for a in sorted(aspects(change)) if (change.id, a) in positions]
        aspect = (blamed or sorted(aspects(change)))[0]
        yield Failure(
            change.id,
            aspect,
            _sentence(change, after),
            positions.get((change.id or "", aspect), comparison.position),
        )


def _why(snapshot: Snapshot, change: Change) -> str:
    reason = snapshot.why_unreachable(change.id)
    return f" (unreachable: {reason})" if reason else ""


def _sentence(change: Change, later: Snapshot) -> str:
    who = change.id or change.label
    if change.kind in (MOVED, RENUMBERED):
        names = [
            f", {consequence.message}"
            for consequence in change.consequences
            if consequence.harm is Harm.LINUX_NAME and consequence.outcome is Outcome.CHANGED
        ]
        before, after = str(change.address_before), str(change.address_after)
        if before == after:
            before, after = f"path {change.path_before}", str(change.path_after)
        if change.exchanged_with is not None:
            names.insert(0, f", exchanged places with {change.exchanged_with}")
        return f"{who} {change.kind} from {before} to {after}" + "".join(names)
    if change.kind == VANISHED:
        return f"{who} vanished{_why(later, change)}"
    if change.kind == APPEARED:
        return f"{who} appeared"
    before, after = change.before or "none", change.after or "none"
    return f"{change.field} of {who} changed from {before} to {after}"
