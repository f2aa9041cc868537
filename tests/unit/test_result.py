"""The one result of every command: how it ends, and which modules it needs to be told."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from pciabi.errors import CannotTest, InputError, SourcePosition
from pciabi.result.entry import Entry, Plan, Subject
from pciabi.result.judged import JudgedComparison, judge
from pciabi.result.policy import FailOn, Policy
from pciabi.result.result import of_two_sides
from pciabi.result.side import Side
from pciabi.result.verdict import Verdict, worst
from tests.unit import report_data as data
from tests.unit.strategies import with_bars

START = data.run().started


def side(name: str, *, hidden: bool = False) -> Side:
    """A recorded guest, `hidden` with the BAR sizes of its last device unread."""
    snapshot = data.record(name).snapshot
    if hidden:
        *others, last = snapshot.functions
        unread = with_bars(last.function, (), sized=False)
        snapshot = replace(snapshot, functions=(*others, replace(last, function=unread)))
    return Side(name, snapshot, SourcePosition(f"{name}.yaml", 1), {})


def judged(before: Side, after: Side, *fail_on: FailOn) -> JudgedComparison:
    return judge(before, after, Policy(frozenset(fail_on)))


TWO, ONE = side(data.TWO_NICS), side(data.FIRST_REMOVED)


@pytest.mark.parametrize(
    ("comparison", "verdict", "failures"),
    [
        (judged(TWO, TWO), Verdict.COMPATIBLE, []),
        (judged(TWO, ONE), Verdict.BREAK, ["net0 vanished", "net1 moved from"]),
        (judged(TWO, TWO, FailOn.UNKNOWN), Verdict.BREAK, ["1 unknown, and it was to"]),
        # What only one side shows outranks a wish, and a proved break outranks both.
        (judged(TWO, side(data.TWO_NICS, hidden=True), FailOn.UNKNOWN), Verdict.ERROR, []),
        (judged(side(data.TWO_NICS, hidden=True), ONE), Verdict.BREAK, ["net0 vanished", "net1"]),
    ],
)
def test_a_policy_judges_a_comparison(
    comparison: JudgedComparison, verdict: Verdict, failures: list[str]
) -> None:
    assert comparison.verdict is verdict
    assert len(comparison.failures) == len(failures)
    for failure, begins in zip(comparison.failures, failures, strict=True):
        assert failure.message.startswith(begins)
    # Nobody said what to expect, and what fails is told of its change.
    assert {one.expected for one in comparison.judged_changes} <= {None}
    failing = [one.change for one in comparison.judged_changes if one.fails]
    assert failing == [f.change for f in comparison.failures if f.change is not None]


def test_a_result_ends_as_its_worst_entry() -> None:
    assert worst([Verdict.COMPATIBLE, Verdict.BREAK, Verdict.ERROR]) is Verdict.ERROR
    assert worst([Verdict.BREAK, Verdict.COMPATIBLE]) is Verdict.BREAK
    assert worst([]) is Verdict.ERROR
    for entries, verdict, code in (
        ((), Verdict.ERROR, 3),
        ((data.pinned(), data.sabotage()), Verdict.BREAK, 1),
        ((data.sabotage(), data.untested()), Verdict.ERROR, 3),
    ):
        result = data.run(*entries)
        assert (result.verdict, result.exit_code) == (verdict, code)
    # Bad input outranks what could not be tested.
    wrong = replace(data.untested(), error=InputError("no such machine"))
    assert data.run(data.untested(), wrong).exit_code == 2


def test_what_was_planned_and_not_made_is_no_pass() -> None:
    held = data.pinned()
    assert held.verdict is Verdict.COMPATIBLE
    for less in (
        replace(held, boots=held.boots[:1]),
        replace(held, comparisons=()),
        replace(data.refused(), refusals=()),
        replace(held, error=CannotTest("no room")),
    ):
        assert less.verdict is Verdict.ERROR


def test_entries_of_other_commands_need_no_other_result() -> None:
    """A VM under two hypervisors: several comparisons by policy, in one result."""
    comparisons = [judged(TWO, TWO), judged(TWO, ONE)]
    entries = tuple(
        Entry(
            Subject("vm.yaml", f"7.2 to {number}", data.case("x", "y", []).file),
            (comparison,),
            None,
            1.0,
            plan=Plan(comparisons=(comparison.terms,)),
        )
        for number, comparison in enumerate(comparisons)
    )
    result = replace(of_two_sides(comparisons[0], START, 1.0), entries=entries)
    assert [entry.verdict for entry in result.entries] == [Verdict.COMPATIBLE, Verdict.BREAK]
    assert (result.verdict, result.exit_code) == (Verdict.BREAK, 1)
    assert len(result.snapshots) == 4


HEAVY = "rich jinja2 junitparser pydantic paramiko pciabi.scenario pciabi.probe pciabi.guest"


@pytest.mark.parametrize(
    "module",
    [
        "result.result",
        "report.folder",
        "report.formats",
        "report.snapshot_text",
        "report.terminal.errors",
        "report.terminal.printing",
        "report.terminal.watching",
        "report.whole_file",
    ],
)
def test_plain_text_needs_none_of_what_takes_long_to_import(module: str) -> None:
    script = (
        f"import sys, pciabi.{module}\n"
        f"sys.exit(' '.join(n for n in {HEAVY.split()!r} if n in sys.modules) or None)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
