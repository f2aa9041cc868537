"""`junit.xml`, for CI servers: of a run one suite for each scenario with one test case for each
case, of two sides one test case for each device, found on both or on one, of a gate one for each
VM.

Characters that XML 1.0 forbids become U+FFFD.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from pciabi.abi.naming import MACHINE_LABEL
from pciabi.abi.snapshot import PlacedFunction
from pciabi.abi.unknown import Unknown
from pciabi.pci.address import GuestAddress
from pciabi.report import junit_of_vms, junit_xml, printable
from pciabi.report.words import cases, drifts, story, two_sides, verdicts
from pciabi.report.words.changes import what
from pciabi.report.words.gaps import gaps
from pciabi.result.entry import Entry
from pciabi.result.judged import JudgedChange, JudgedComparison
from pciabi.result.policy import FailOn, Policy
from pciabi.result.result import Command, Result
from pciabi.result.side import Side
from pciabi.result.verdict import Verdict

FILE = "junit.xml"
COMMANDS = frozenset(Command)


def render(result: Result) -> str:
    """The document."""
    report = JUnitXml("pciabi")
    suites = list(_suites(result))
    for suite in suites:
        report.add_testsuite(suite)
    # The library's own sum adds an attribute that Jenkins' schema does not know at the root.
    report.tests = sum(suite.tests for suite in suites)
    report.failures = sum(suite.failures for suite in suites)
    report.errors = sum(suite.errors for suite in suites)
    if result.command is not Command.DIFF:
        report.time = round(sum(entry.seconds for entry in result.entries), 3)
    return junit_xml.rendered(report)


def _suites(result: Result) -> Iterator[TestSuite]:
    if result.command is Command.DIFF:
        yield _suite_of_devices(result)
    elif result.command is Command.GATE:
        yield junit_of_vms.suite(result)
    else:
        yield from _suites_of_cases(result)


def _suites_of_cases(result: Result) -> Iterator[TestSuite]:
    for scenario, entries in groupby(result.entries, key=lambda entry: entry.subject.group):
        suite = TestSuite(printable.line(scenario))
        suite.timestamp = result.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        suite.add_property("qemu", printable.line(result.qemu))
        suite.add_property("accelerator", printable.line(result.accelerator))
        suite.add_property("scope", printable.line(verdicts.scope_line(result)))
        suite.add_testcases([_case(entry) for entry in entries])
        yield suite


def _case(entry: Entry) -> TestCase:
    name, scenario = printable.line(entry.subject.name), printable.line(entry.subject.group)
    case = TestCase(name, scenario, round(entry.seconds, 3))
    if entry.verdict is Verdict.BREAK:
        worst = cases.worst_failure(entry)
        lines = [f"{failure.position}: {failure.message}" for failure in entry.failures]
        failure = Failure(printable.line(worst.message), worst.aspect.value if worst.aspect else "")
        junit_xml.ended(case, failure, "\n".join(lines))
    if entry.verdict is Verdict.ERROR:
        kind = type(entry.error).__name__ if entry.error else "Incomplete"
        sentence = printable.line(str(entry.error) if entry.error else story.entry_story(entry))
        junit_xml.ended(case, Error(sentence, kind), sentence)
    unknowns = [unknown for one in entry.comparisons for unknown in one.unknowns]
    lines = [f"{cases.word(entry)}: {story.entry_story(entry)}", *_open_lines(unknowns)]
    case.system_out = printable.block("\n".join(lines))
    return case


@dataclass(frozen=True)
class _Device:
    """One function of either side, and what was found out about it."""

    name: str
    basis: str
    changes: tuple[JudgedChange, ...]
    unknowns: tuple[Unknown, ...]


_Places = tuple[GuestAddress | None, GuestAddress | None]


def _suite_of_devices(result: Result) -> TestSuite:
    comparison = result.two_sides
    suite = TestSuite(printable.line(comparison.title))
    for name, side in (("before", comparison.before), ("after", comparison.after)):
        suite.add_property(name, printable.line(two_sides.origin(side)))
    suite.add_property("scope", printable.line(verdicts.scope_line(result)))
    for line in drifts.lines(comparison):
        suite.add_property("libvirt", printable.line(line))
    suite.add_testcases([_of_device(device, comparison) for device in _devices(comparison)])
    return suite


def _devices(comparison: JudgedComparison) -> Iterator[_Device]:
    changes: dict[_Places, list[JudgedChange]] = {}
    for judged in comparison.judged_changes:
        places = judged.change.address_before, judged.change.address_after
        changes.setdefault(places, []).append(judged)
    unknowns: dict[GuestAddress, list[Unknown]] = {}
    for unknown in comparison.unknowns:
        unknowns.setdefault(unknown.address_before, []).append(unknown)
    for pair in comparison.matching.pairs:
        named = pair.before if pair.before.qdev_id else pair.after
        yield _Device(
            f"{comparison.name_of(pair)} at {named.address}",
            pair.basis,
            tuple(changes.get((pair.before.address, pair.after.address), ())),
            tuple(unknowns.get(pair.before.address, ())),
        )
    of_machine = tuple(changes.get((None, None), ()))
    if of_machine:
        yield _Device(MACHINE_LABEL, "there is one", of_machine, ())
    for function in comparison.matching.vanished:
        yield _alone(comparison.before, function, changes.get((function.address, None), ()))
    for function in comparison.matching.appeared:
        yield _alone(comparison.after, function, changes.get((None, function.address), ()))


def _alone(side: Side, function: PlacedFunction, changes: Iterable[JudgedChange]) -> _Device:
    name = f"{side.name_of(function)} at {function.address}"
    return _Device(name, "nothing like it on the other side", tuple(changes), ())


def _of_device(device: _Device, comparison: JudgedComparison) -> TestCase:
    case = TestCase(printable.line(device.name), printable.line(comparison.title))
    fatal = [judged for judged in device.changes if judged.fails]
    if fatal:
        worst = fatal[0].change
        failure = Failure(printable.line(what(worst)), worst.kind)
        junit_xml.ended(case, failure, "\n".join(_line(judged, comparison) for judged in fatal))
    else:
        _open(case, device, comparison)
    lines = [f"matched by: {device.basis}"]
    lines += [_line(judged, comparison) for judged in device.changes if not judged.fails]
    lines += _open_lines(device.unknowns)
    case.system_out = printable.block("\n".join(lines))
    return case


def _open(case: TestCase, device: _Device, comparison: JudgedComparison) -> None:
    """What only one side shows is an error; what neither does fails where a policy says so."""
    unproved = [unknown for unknown in device.unknowns if not unknown.excused]
    details = "; ".join(map(str, gaps(unproved or device.unknowns)))
    terms = comparison.terms
    if unproved:
        junit_xml.ended(case, Error(printable.line(details), "Unknown"), details)
    elif device.unknowns and isinstance(terms, Policy) and FailOn.UNKNOWN in terms.fail_on:
        junit_xml.ended(case, Failure(printable.line(details), "unknown"), details)


def _line(judged: JudgedChange, comparison: JudgedComparison) -> str:
    change = judged.change
    place = comparison.place_of(change)
    return f"{place}: {change.severity}: {change.kind}: {what(change)}: {change.reason}"


def _open_lines(unknowns: tuple[Unknown, ...] | list[Unknown]) -> list[str]:
    return [f"unknown: {gap}" for gap in gaps(unknowns)]
