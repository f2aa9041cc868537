"""The words for cases and how they ended, the same in every report. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from pciabi.abi.facts.topology import APPEARED, MOVED, RENUMBERED, VANISHED
from pciabi.abi.judgement import Severity
from pciabi.report.words.story import entry_story
from pciabi.result.entry import Entry
from pciabi.result.failure import Aspect, Failure, subject
from pciabi.result.result import Result
from pciabi.result.verdict import Verdict

# What a control is seen to do, the most telling first; anything else is a change.
_DEEDS = (MOVED, RENUMBERED, VANISHED, APPEARED)
_ASPECTS = [*Aspect, None]


class Standing(StrEnum):
    """How a case ended, finer than its verdict: a control holds by being seen to change."""

    HELD = "held"
    SEEN = "seen"
    BROKE = "broke"
    UNTESTED = "untested"


def standing(entry: Entry) -> Standing:
    """How a case ended."""
    if entry.verdict is Verdict.ERROR:
        return Standing.UNTESTED
    if entry.verdict in (Verdict.BREAK, Verdict.WILL_NOT_START):
        return Standing.BROKE
    return Standing.SEEN if entry.plan.is_control else Standing.HELD


def word(entry: Entry) -> str:
    """How a case ended, in the fewest words."""
    return {
        Standing.HELD: "held",
        Standing.SEEN: f"{_deed(entry)} as expected",
        Standing.BROKE: "BROKE",
        Standing.UNTESTED: "NOT TESTED",
    }[standing(entry)]


def shared_word(entries: Sequence[Entry]) -> str:
    """One word for several cases of the same standing."""
    words = {word(entry) for entry in entries}
    return words.pop() if len(words) == 1 else "changed as expected"


def counts(result: Result) -> Counter[Standing]:
    """How many cases ended how."""
    return Counter(standing(entry) for entry in result.entries)


def verdict(result: Result) -> str:
    """The verdict of a run in one sentence."""
    count, total = counts(result), len(result.entries)
    untested, broke = count[Standing.UNTESTED], count[Standing.BROKE]
    if not total:
        return "Error: no case was run, so nothing is proved."
    if untested:
        also = f" Of the others, {broke} broke." if broke else ""
        return (
            f"Error: {_of_all(untested, total)} could not be tested, "
            f"so nothing is proved about {'it' if untested == 1 else 'them'}.{also}"
        )
    if broke:
        first = next(entry for entry in result.entries if entry.verdict is Verdict.BREAK)
        more = f" (and {broke - 1} more)" if broke > 1 else ""
        what = f"{first.subject.title}: {worst_failure(first).message}"
        return f"Break: {_of_all(broke, total)} broke: {what}{more}."
    held = "the only case held" if total == 1 else f"all {total} cases held"
    return f"Compatible: {held}.{_of_controls(result)}"


def worst_failure(entry: Entry) -> Failure:
    """The failure to name where there is room for one: a changed address before all else."""
    return min(entry.failures, key=lambda failure: _ASPECTS.index(failure.aspect))


def tally(result: Result) -> str:
    """The counts, such as `9 held, 1 broke, 0 could not be tested`; controls are named where
    the verdict does not name them."""
    count, controls = counts(result), ""
    seen = count[Standing.SEEN]
    if seen and result.verdict is not Verdict.COMPATIBLE:
        are = "is a control" if seen == 1 else "are controls"
        controls = f" ({seen} of them {are}, seen to {_verb(result)} as expected)"
    held, broke = count[Standing.HELD] + seen, count[Standing.BROKE]
    return f"{held} held{controls}, {broke} broke, {count[Standing.UNTESTED]} could not be tested"


def line(entry: Entry) -> str:
    """A case in one line: how it ended, which it is, what happened, how long it took."""
    how, which = word(entry), entry.subject.title
    return f"{how}: {which}: {entry_story(entry)} ({seconds(entry.seconds)})"


def seconds(value: float) -> str:
    """Such as `12.3 s`."""
    return f"{value:.1f} s"


def _deed(entry: Entry) -> str:
    """What the devices did that had to change."""
    expected = {e.device_id for e in entry.plan.expectations if e.changed}
    kinds = {
        judged.change.kind
        for comparison in entry.comparisons
        for judged in comparison.judged_changes
        if judged.change.severity is Severity.BREAKING and subject(judged.change) in expected
    }
    return next((kind for kind in _DEEDS if kind in kinds), "changed")


def _verb(result: Result) -> str:
    """What all controls of a run were seen to do, in the infinitive."""
    controls = [entry for entry in result.entries if standing(entry) is Standing.SEEN]
    moved = all(_deed(entry) == MOVED for entry in controls)
    return "move" if moved else "change"


def _of_controls(result: Result) -> str:
    seen = counts(result)[Standing.SEEN]
    if not seen:
        return ""
    if seen == 1:
        which = "It is" if len(result.entries) == 1 else "One of them is"
        return f" {which} a control, and it was seen to {_verb(result)} as expected."
    return f" {seen} of them are controls, and each was seen to {_verb(result)} as expected."


def _of_all(count: int, total: int) -> str:
    return "the only case" if total == 1 else f"{count} of {total} cases"
