"""A gate as JUnit: one suite, one test case for each VM, and one for the policy where that fails
by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from junitparser import Error, Failure, TestCase, TestSuite

from pciabi.abi.judgement import Severity
from pciabi.report import junit_xml, printable
from pciabi.report.words import drifts, gate, refusals, vms
from pciabi.report.words.changes import what, who
from pciabi.report.words.gaps import gaps
from pciabi.report.words.rows import guest_says
from pciabi.report.words.verdicts import scope_line
from pciabi.result.entry import Entry
from pciabi.result.judged import JudgedChange, JudgedComparison
from pciabi.result.result import Result
from pciabi.result.verdict import Verdict
from pciabi.result.will_not_start import WillNotStart

_SUITE = "pciabi gate"
_POLICY = "policy"


def suite(result: Result) -> TestSuite:
    """The suite; one that judged no VM holds an error."""
    made = TestSuite(_SUITE)
    made.timestamp = result.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    properties = (
        ("verdict", gate.verdict(result)),
        *gate.sides(result),
        ("checked", gate.checked(result)),
        ("scope", scope_line(result)),
    )
    for name, value in properties:
        made.add_property(name, printable.line(value))
    made.add_testcases([*_cases(result), *_of_policy(result)])
    return made


def _cases(result: Result) -> Iterator[TestCase]:
    for name, entry in zip(vms.names(result.entries), result.entries, strict=True):
        yield _case(name, entry)
    if not result.entries:
        case = TestCase("no VM", _SUITE, 0)
        junit_xml.ended(case, Error(gate.verdict(result), "Nothing"), gate.verdict(result))
        yield case


def _case(name: str, entry: Entry) -> TestCase:
    case = TestCase(printable.line(name), printable.line(entry.subject.group), entry.seconds)
    if entry.verdict is Verdict.ERROR:
        kind = type(entry.error).__name__ if entry.error else "Incomplete"
        sentence = printable.line(str(entry.error) if entry.error else gate.trouble(entry))
        junit_xml.ended(case, Error(sentence, kind), sentence)
    elif entry.will_not_start is not None and not entry.will_not_start.excuse:
        failure = Failure(printable.line(refusals.reason(entry)), Verdict.WILL_NOT_START.value)
        junit_xml.ended(case, failure, "\n".join(_refusal(entry.will_not_start)))
    elif entry.verdict is Verdict.BREAK:
        junit_xml.ended(case, _failure(entry), "\n".join(_failures(entry)))
    lines = [f"{gate.word(entry)}: {name}", *_also(entry)]
    case.system_out = printable.block("\n".join(lines))
    return case


def _failure(entry: Entry) -> Failure:
    failure = entry.failures[0]
    change = failure.change
    kind = change.kind if change is not None else ""
    message = f"{who(change)}: {what(change)}" if change is not None else failure.message
    return Failure(printable.line(message), str(kind))


def _refusal(refusal: WillNotStart) -> Iterator[str]:
    yield from (f"gone: {refusals.missing(gone)}" for gone in refusal.gone)
    if refusal.words:
        yield f"it says: {refusal.words}"
    yield from (f"instead: {refusals.instead(one)}" for one in refusal.replacements)


def _failures(entry: Entry) -> Iterator[str]:
    """What fails of a VM, each change with its reason and what guests make of it."""
    for comparison in entry.comparisons:
        failing = [judged for judged in comparison.judged_changes if judged.fails]
        for judged in failing:
            yield _line(judged, comparison)
            yield from (f"    {guest_says(c)}" for c in judged.change.consequences)
        changes = {judged.change for judged in failing}
        for failure in comparison.failures:
            if failure.change not in changes:
                yield f"{failure.position}: {failure.message}"


def _also(entry: Entry) -> Iterator[str]:
    """What does not fail, why not where it was to be excused, and what is not known; what is no
    part of the hardware is only counted."""
    refusal = entry.will_not_start
    if refusal is not None and refusal.excuse:
        yield f"will not start: {refusals.reason(entry)} ({refusal.excuse})"
    for comparison in entry.comparisons:
        for judged in comparison.judged_changes:
            if not judged.fails and judged.change.severity is not Severity.BENIGN:
                excuse = f" ({judged.excuse})" if judged.excuse else ""
                yield f"{_line(judged, comparison)}{excuse}"
        benign = len(comparison.of(Severity.BENIGN))
        if benign:
            yield f"benign: {vms.counted(benign, 'difference')}, no part of the hardware"
        yield from (f"unknown: {gap}" for gap in gaps(comparison.unknowns))
        yield from (f"libvirt: {line}" for line in drifts.lines(comparison))


def _line(judged: JudgedChange, comparison: JudgedComparison) -> str:
    change = judged.change
    place = comparison.place_of(change)
    return f"{place}: {change.severity}: {who(change)}: {what(change)}: {change.reason}"


def _of_policy(result: Result) -> Iterator[TestCase]:
    failures = result.coverage.failures if result.coverage is not None else ()
    if failures:
        case = TestCase(_POLICY, _SUITE, 0)
        lines = "\n".join(f"{failure.position}: {failure.message}" for failure in failures)
        junit_xml.ended(case, Failure(printable.line(failures[0].message), _POLICY), lines)
        yield case
