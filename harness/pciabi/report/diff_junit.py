"""A comparison as JUnit XML: one test case for each device, found on both sides or on one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from pciabi.abi.change import Change
from pciabi.abi.diff import Diff, Side
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import PlacedFunction
from pciabi.abi.unknown import Unknown
from pciabi.abi.verdict import FailOn
from pciabi.pci.address import GuestAddress
from pciabi.report import diff_wording, printable
from pciabi.report.gaps import gaps

_Places = tuple[GuestAddress | None, GuestAddress | None]


@dataclass(frozen=True)
class _Device:
    """One function of either side, and what was found out about it."""

    name: str
    basis: str
    changes: tuple[Change, ...]
    unknowns: tuple[Unknown, ...]


def render(diff: Diff) -> str:
    """The document. Characters that XML 1.0 forbids become U+FFFD."""
    suite = TestSuite(printable.line(diff.title))
    for name, side in (("before", diff.before), ("after", diff.after)):
        suite.add_property(name, printable.line(diff_wording.origin(side)))
    suite.add_property("scope", printable.line(diff_wording.scope(diff)))
    suite.add_testcases([_case(device, diff) for device in _devices(diff)])
    report = JUnitXml("pciabi")
    report.add_testsuite(suite)
    # The library's own sum adds an attribute that Jenkins' schema does not know at the root.
    report.tests, report.failures, report.errors = suite.tests, suite.failures, suite.errors
    buffer = io.BytesIO()
    report.write(buffer)
    return buffer.getvalue().decode() + "\n"


def _devices(diff: Diff) -> Iterator[_Device]:
    found: dict[_Places, list[Change]] = {}
    for change in diff.changes:
        found.setdefault((change.address_before, change.address_after), []).append(change)
    open_: dict[GuestAddress, list[Unknown]] = {}
    for unknown in diff.unknowns:
        open_.setdefault(unknown.address_before, []).append(unknown)
    for pair in diff.matching.pairs:
        place = pair.before.address, pair.after.address
        named = pair.before if pair.before.qdev_id else pair.after
        yield _Device(
            f"{diff.name_of(pair)} at {named.address}",
            pair.basis,
            tuple(found.get(place, ())),
            tuple(open_.get(pair.before.address, ())),
        )
    for side, function, where in _alone(diff):
        changes = tuple(found.get(where, ()))
        name = f"{side.name_of(function)} at {function.address}"
        yield _Device(name, "nothing like it on the other side", changes, ())


def _alone(diff: Diff) -> Iterator[tuple[Side, PlacedFunction, _Places]]:
    for function in diff.matching.vanished:
        yield diff.before, function, (function.address, None)
    for function in diff.matching.appeared:
        yield diff.after, function, (None, function.address)


def _case(device: _Device, diff: Diff) -> TestCase:
    found = TestCase(printable.line(device.name), printable.line(diff.title))
    fatal = [change for change in device.changes if _fails(change, diff)]
    if fatal:
        worst = fatal[0]
        failure = Failure(printable.line(diff_wording.what(worst)), worst.kind)
        failure.text = printable.block("\n".join(_line(change, diff) for change in fatal))
        found.result = [failure]
    else:
        _open(found, device, diff)
    lines = [f"matched by: {device.basis}"]
    lines += [_line(change, diff) for change in device.changes if change not in fatal]
    lines += [f"unknown: {gap}" for gap in gaps(device.unknowns)]
    found.system_out = printable.block("\n".join(lines))
    return found


def _open(found: TestCase, device: _Device, diff: Diff) -> None:
    unproved = [unknown for unknown in device.unknowns if not unknown.excused]
    told = "; ".join(map(str, gaps(unproved or device.unknowns)))
    if unproved:
        error = Error(printable.line(told), "Unknown")
        error.text = printable.block(told)
        found.result = [error]
    elif device.unknowns and FailOn.UNKNOWN in diff.fail_on:
        failure = Failure(printable.line(told), "unknown")
        failure.text = printable.block(told)
        found.result = [failure]


def _fails(change: Change, diff: Diff) -> bool:
    notable = change.severity is Severity.NOTABLE and FailOn.NOTABLE in diff.fail_on
    return notable or change.severity is Severity.BREAKING


def _line(change: Change, diff: Diff) -> str:
    return (
        f"{diff.place_of(change)}: {change.severity}: {change.kind}: "
        f"{diff_wording.what(change)}: {change.reason}"
    )
