"""A result in lines of text, for a pipe; its beginning and its end are the same on a terminal.
Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from pciabi.abi.change import Change, Outcome
from pciabi.abi.judgement import Severity
from pciabi.abi.unknown import Unknown
from pciabi.report.terminal import gate_text
from pciabi.report.terminal.errors import console_tail
from pciabi.report.words import cases, drifts, two_sides, verdicts
from pciabi.report.words.changes import HARMS, said_of_guests, what, who
from pciabi.report.words.gaps import gaps
from pciabi.result.entry import Entry
from pciabi.result.judged import JudgedComparison
from pciabi.result.result import Command, Result

_MOST_BENIGN = 20


def opening(result: Result) -> Iterator[str]:
    """What was held against each other."""
    if result.command is Command.GATE:
        yield from gate_text.opening(result)
    if result.command is Command.DIFF:
        yield f"before: {two_sides.origin(result.two_sides.before)}"
        yield f"after: {two_sides.origin(result.two_sides.after)}"


def findings(result: Result) -> Iterator[str]:
    """How each case ended, each change between two sides, or equal changes of many VMs."""
    if result.command is Command.DIFF:
        yield from _changes(result.two_sides)
    elif result.command is Command.GATE:
        yield from gate_text.findings(result)
    else:
        yield from map(cases.line, result.entries)


def closing(result: Result) -> Iterator[str]:
    """What went wrong, what is not known, and the counts."""
    if result.command is Command.GATE:
        yield from gate_text.closing(result)
        return
    if result.command is Command.DIFF:
        benign = len(result.two_sides.of(Severity.BENIGN))
        if benign > _MOST_BENIGN:
            yield f"benign: {benign} differences that are no part of the hardware"
        yield from (f"libvirt: {line}" for line in drifts.lines(result.two_sides))
    else:
        for entry in result.entries:
            yield from _trouble(entry)
    for gap in gaps(_unknowns(result)):
        yield f"unknown: {gap}"
    yield from verdicts.remarks(result)
    yield verdicts.tally(result)


def shown_changes(comparison: JudgedComparison) -> tuple[Change, ...]:
    """The changes worth a line, the worst first; many benign ones are worth one together."""
    benign = comparison.of(Severity.BENIGN)
    weighty = *comparison.of(Severity.BREAKING), *comparison.of(Severity.NOTABLE)
    return weighty if len(benign) > _MOST_BENIGN else (*weighty, *benign)


def by_device(changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
    """The changes of one severity and one device together, in their order."""
    for _, group in groupby(changes, key=lambda c: (c.severity, who(c))):
        yield tuple(group)


def consequences(changes: Sequence[Change]) -> Iterator[str]:
    """What guest systems make of the changes of one device."""
    for consequence in said_of_guests(changes):
        unknown = "UNKNOWN, " if consequence.outcome is Outcome.UNKNOWN else ""
        yield f"{HARMS[consequence.harm]}: {unknown}{consequence.message}"


def behind(comparison: JudgedComparison, changes: Sequence[Change]) -> Iterator[str]:
    """What the two libvirts make differently that these changes are due to, each thing once."""
    due_to = (drift for change in changes for drift in comparison.drifts_behind(change))
    yield from (f"libvirt: {drifts.words(drift)}" for drift in dict.fromkeys(due_to))


def _changes(comparison: JudgedComparison) -> Iterator[str]:
    for of_device in by_device(shown_changes(comparison)):
        for change in of_device:
            facts = dict.fromkeys((change.kind, what(change), change.reason))
            yield f"{change.severity}: {who(change)}: {': '.join(facts)}"
        yield from (f"    {line}" for line in consequences(of_device))
        yield from (f"    {line}" for line in behind(comparison, of_device))


def _unknowns(result: Result) -> tuple[Unknown, ...]:
    """What the comparisons left open; the same of the same device in several cases once."""
    every = (unknown for one in result.comparisons for unknown in one.unknowns)
    if result.command is Command.DIFF:
        return tuple(every)
    return tuple({(u.label, u.field, u.why_before, u.why_after): u for u in every}.values())


def _trouble(entry: Entry) -> Iterator[str]:
    title = entry.subject.title
    for failure in entry.failures:
        yield f"{failure.position}: {title}: {failure.message}"
    if entry.error is not None:
        place = f"{entry.error.place}: " if entry.error.place else ""
        yield f"{place}{title}: {str(entry.error).removeprefix(place)}"
        yield from console_tail(entry.error)
