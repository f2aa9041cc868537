"""The words of every report: one place, so that terminal, HTML and JUnit say the same. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pciabi.abi.change import Harm
from pciabi.abi.facts.topology import APPEARED, MOVED, RENUMBERED, VANISHED
from pciabi.abi.judgement import Severity
from pciabi.abi.scope import Scope
from pciabi.abi.scope import scope as scope_of
from pciabi.abi.verdict import Verdict
from pciabi.report import scope_wording
from pciabi.report.story import case_story
from pciabi.scenario.case import Aspect, Case, Expectation
from pciabi.scenario.result import CaseResult, Failure, RunResult

# What a control is seen to do, the most telling first; anything else is a change.
_DEEDS = (MOVED, RENUMBERED, VANISHED, APPEARED)
GUESTS = {Harm.LINUX_NAME: "Linux", Harm.WINDOWS_IDENTITY: "Windows"}
HARMS = {**GUESTS, Harm.DRIVER: "Driver", Harm.MIGRATION: "Migration"}
NOTHING_RUN = "no case was run"


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
    return {
        Standing.HELD: "held",
        Standing.SEEN: f"{_deed(result)} as expected",
        Standing.BROKE: "BROKE",
        Standing.UNTESTED: "NOT TESTED",
    }[standing(result)]


def shared_word(results: Sequence[CaseResult]) -> str:
    """One word for several cases of the same standing."""
    words = {word(result) for result in results}
    return words.pop() if len(words) == 1 else "changed as expected"


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
    held = "the only case held" if found.total == 1 else f"all {found.total} cases held"
    return f"Compatible: {held}.{_of_controls(result)}"


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
        controls = f" ({found.controls} of them {are}, seen to {_verb(result)} as expected)"
    return f"{found.held} held{controls}, {found.broke} broke, {found.untested} could not be tested"


def scope(result: RunResult) -> str:
    """What the verdict speaks of and what not, in one line."""
    return scope_wording.line(scope_of_run(result))


def scope_of_run(result: RunResult) -> Scope:
    """What every boot of the run told."""
    return scope_of(boot.snapshot for case in result.cases for boot in case.boots)


def line(result: CaseResult) -> str:
    """A case in one line: how it ended, which it is, what happened, how long it took."""
    return f"{word(result)}: {result.case.title}: {case_story(result)} ({seconds(result.seconds)})"


def seconds(value: float) -> str:
    """Such as `12.3 s`."""
    return f"{value:.1f} s"


def _expectations(case: Case) -> Iterable[Expectation]:
    return (e for comparison in case.comparisons for e in comparison.expectations)


def _deed(result: CaseResult) -> str:
    """What the devices did that had to change."""
    expected = {e.device_id for e in _expectations(result.case) if e.changed}
    kinds = {
        judged.change.kind
        for comparison in result.comparisons
        for judged in comparison.changes
        if judged.change.severity is Severity.BREAKING and judged.change.id in expected
    }
    return next((kind for kind in _DEEDS if kind in kinds), "changed")


def _verb(result: RunResult) -> str:
    """What all controls of a run were seen to do, in the infinitive."""
    controls = [case for case in result.cases if standing(case) is Standing.SEEN]
    moved = all(_deed(case) == MOVED for case in controls)
    return "move" if moved else "change"


def _of_controls(result: RunResult) -> str:
    found = counts(result)
    if not found.controls:
        return ""
    if found.controls == 1:
        which = "It is" if found.total == 1 else "One of them is"
        return f" {which} a control, and it was seen to {_verb(result)} as expected."
    return (
        f" {found.controls} of them are controls, and each was seen to {_verb(result)} as expected."
    )


def _of_all(count: int, found: Counts) -> str:
    return "the only case" if found.total == 1 else f"{count} of {found.total} cases"
