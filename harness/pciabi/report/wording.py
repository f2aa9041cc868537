"""The words of every report: one place, so that terminal, HTML and JUnit say the same. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from pciabi.abi.change import Kind, Severity
from pciabi.pci.address import GuestAddress
from pciabi.scenario.case import Aspect, Case, Expectation
from pciabi.scenario.result import (
    CaseResult,
    ComparisonResult,
    Failure,
    JudgedChange,
    RunResult,
    Verdict,
)

_PLACES = frozenset({Aspect.ADDRESS, Aspect.PATH})
_MOVES = frozenset({Kind.MOVED, Kind.RENUMBERED})
_SHOWN = 4
NOTHING_RUN = "no case was run"
UNCHANGED = "nothing changed"


class Standing(StrEnum):
    """How a case ended, finer than its verdict: a control holds by being seen to change."""

    HELD = "held"
    SEEN = "seen"
    BROKE = "broke"
    UNTESTED = "untested"


@dataclass(frozen=True)
class Counts:
    """Cases by how they ended; `controls` are those of the held ones that had to change."""

    held: int
    controls: int
    broke: int
    untested: int

    @property
    def total(self) -> int:
        """All cases of the run."""
        return self.held + self.broke + self.untested


@dataclass(frozen=True)
class Movement:
    """One device that is elsewhere, or has another interface name, after the later boot.

    Places are guest addresses, or paths where the address stayed; names are None where the
    device has no interface.
    """

    who: str
    place_before: str
    place_after: str
    name_before: str | None
    name_after: str | None
    expected: bool

    def __str__(self) -> str:
        """Such as `net1 0000:00:03.0 → 0000:00:02.0, ens3 → ens2`."""
        parts = []
        if self.place_before != self.place_after:
            parts.append(f"{self.place_before} → {self.place_after}")
        if self.name_before != self.name_after:
            parts.append(f"{self.name_before or 'unnamed'} → {self.name_after or 'unnamed'}")
        return f"{self.who} {', '.join(parts)}"


def standing(result: CaseResult) -> Standing:
    """How a case ended."""
    if result.verdict is Verdict.ERROR:
        return Standing.UNTESTED
    if result.verdict is Verdict.BREAK:
        return Standing.BROKE
    return Standing.SEEN if is_control(result.case) else Standing.HELD


def is_control(case: Case) -> bool:
    """Whether the case passes only if something is seen to change."""
    return any(expectation.changed for expectation in _expectations(case))


def word(result: CaseResult) -> str:
    """How a case ended, in the fewest words."""
    moves = any(e.changed and e.aspect in _PLACES for e in _expectations(result.case))
    return {
        Standing.HELD: "held",
        Standing.SEEN: "moved as expected" if moves else "changed as expected",
        Standing.BROKE: "BROKE",
        Standing.UNTESTED: "NOT TESTED",
    }[standing(result)]


def counts(result: RunResult) -> Counts:
    """How many cases ended how."""
    found = [standing(case) for case in result.cases]
    controls = found.count(Standing.SEEN)
    return Counts(
        held=found.count(Standing.HELD) + controls,
        controls=controls,
        broke=found.count(Standing.BROKE),
        untested=found.count(Standing.UNTESTED),
    )


def verdict(result: RunResult) -> str:
    """The verdict of a run in one sentence."""
    found = counts(result)
    if not found.total:
        return f"Error: {NOTHING_RUN}, so nothing is proved."
    if found.untested:
        also = f" Of the others, {found.broke} broke." if found.broke else ""
        return (
            f"Error: {_of_all(found.untested, found)} could not be tested, "
            f"so nothing is proved about {'it' if found.untested == 1 else 'them'}.{also}"
        )
    if found.broke:
        first = next(case for case in result.cases if case.verdict is Verdict.BREAK)
        more = f" (and {found.broke - 1} more)" if found.broke > 1 else ""
        what = f"{first.case.title}: {worst_failure(first).message}"
        return f"Break: {_of_all(found.broke, found)} broke: {what}{more}."
    if found.total == 1:
        return f"Compatible: the only case held.{_of_controls(found)}"
    return f"Compatible: all {found.total} cases held.{_of_controls(found)}"


def worst_failure(result: CaseResult) -> Failure:
    """The failure to name where there is room for one: a changed address before all else."""
    return min(result.failures, key=lambda failure: list(Aspect).index(failure.aspect))


def tally(result: RunResult) -> str:
    """The counts, such as `9 held, 1 broke, 0 could not be tested`; controls are named where
    the verdict does not name them."""
    found = counts(result)
    controls = ""
    if found.controls and result.verdict is not Verdict.COMPATIBLE:
        are = "is a control" if found.controls == 1 else "are controls"
        controls = f" ({found.controls} of them {are}, seen to move as expected)"
    return f"{found.held} held{controls}, {found.broke} broke, {found.untested} could not be tested"


def story(result: CaseResult) -> str:
    """What happened in a case, in a few words."""
    if result.error is not None:
        return result.error.message
    if result.verdict is Verdict.ERROR:
        return "not every boot and comparison was made"
    return "; ".join(comparison_story(result, comparison) for comparison in result.comparisons)


def comparison_story(result: CaseResult, comparison: ComparisonResult) -> str:
    """What happened between two boots, in a few words."""
    news = [str(movement) for movement in movements(result, comparison)]
    news += _other_breaks(comparison)
    news += _unfulfilled(comparison)
    if not news:
        nothing = "nothing else changed" if comparison.removed | comparison.added else UNCHANGED
        news = _stayed(result, comparison) or [nothing]
    shown = [*_steps(result.case, comparison), *news[:_SHOWN]]
    if len(news) > _SHOWN:
        shown.append(f"and {len(news) - _SHOWN} more changes")
    return "; ".join(shown)


def movements(result: CaseResult, comparison: ComparisonResult) -> tuple[Movement, ...]:
    """Every device with another place or interface name after the later boot, unexpected
    ones first."""
    found = [
        _movement(result, comparison, judged)
        for judged in comparison.changes
        if judged.change.kind in _MOVES or judged.change.kind is Kind.NAME
    ]
    return tuple(sorted(found, key=lambda movement: movement.expected))


def line(result: CaseResult) -> str:
    """A case in one line: how it ended, which it is, what happened, how long it took."""
    return f"{word(result)}: {result.case.title}: {story(result)} ({seconds(result.seconds)})"


def seconds(value: float) -> str:
    """Such as `12.3 s`."""
    return f"{value:.1f} s"


def _movement(result: CaseResult, comparison: ComparisonResult, judged: JudgedChange) -> Movement:
    change = judged.change
    place = (str(change.address_before), str(change.address_after))
    if change.kind is Kind.MOVED and place[0] == place[1]:
        place = (str(change.path_before), str(change.path_after))
    return Movement(
        change.id or change.label,
        *place,
        _interface_name(result, comparison.before, change.address_before),
        _interface_name(result, comparison.after, change.address_after),
        judged.expected,
    )


def _interface_name(result: CaseResult, boot: int, address: GuestAddress | None) -> str | None:
    if address is None:
        return None
    interface = result.boots[boot].snapshot.interface_at(address)
    return interface.name if interface else None


def _other_breaks(comparison: ComparisonResult) -> list[str]:
    return [
        _news(judged)
        for judged in comparison.changes
        if judged.change.severity is Severity.BREAKING
        and judged.change.kind not in _MOVES | {Kind.NAME}
        and not (judged.expected and judged.change.kind in (Kind.VANISHED, Kind.APPEARED))
    ]


def _news(judged: JudgedChange) -> str:
    change = judged.change
    who = change.id or change.label
    if change.kind in (Kind.VANISHED, Kind.APPEARED):
        return f"{who} {change.kind}"
    return f"{change.field} of {who} {change.before or 'none'} → {change.after or 'none'}"


def _unfulfilled(comparison: ComparisonResult) -> list[str]:
    """Failures that no change stands behind: what had to change and did not."""
    unexpected = {
        judged.change.id
        for judged in comparison.changes
        if judged.change.severity is Severity.BREAKING and not judged.expected
    }
    return [f.message for f in comparison.failures if f.device_id not in unexpected]


def _stayed(result: CaseResult, comparison: ComparisonResult) -> list[str]:
    """Where the devices that the scenario speaks of were found again."""
    snapshot = result.boots[comparison.after].snapshot
    spoken_of = dict.fromkeys(e.device_id for e in _expectations(result.case))
    found = []
    for device_id in spoken_of:
        function = snapshot.by_id(device_id)
        if function is not None and device_id not in comparison.added:
            interface = snapshot.interface_at(function.address)
            name = f", {interface.name}" if interface and interface.name else ""
            found.append(f"{device_id} stays at {function.address}{name}")
    return found


def _steps(case: Case, comparison: ComparisonResult) -> Iterator[str]:
    plugged_first, plugged_last = (
        {device.id for device in case.boots[index].plugged}
        for index in (comparison.before, comparison.after)
    )
    for device_ids, verb in (
        (plugged_first, "hot-plugged"),
        (comparison.removed, "removed"),
        (comparison.added - plugged_last, "added"),
        (plugged_last, "hot-plugged"),
    ):
        if device_ids:
            yield f"{', '.join(sorted(device_ids))} {verb}"


def _expectations(case: Case) -> Iterable[Expectation]:
    return (e for comparison in case.comparisons for e in comparison.expectations)


def _of_controls(found: Counts) -> str:
    if not found.controls:
        return ""
    if found.controls == 1:
        return " One of them is a control, and it was seen to move as expected."
    return f" {found.controls} of them are controls, and each was seen to move as expected."


def _of_all(count: int, found: Counts) -> str:
    return "the only case" if found.total == 1 else f"{count} of {found.total} cases"
