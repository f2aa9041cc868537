"""The terminal: the results of a run as a table, or as plain lines where nobody looks on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pciabi.abi.unknown import Unknown
from pciabi.abi.verdict import Verdict
from pciabi.errors import PciabiError
from pciabi.report import printable, story, wording
from pciabi.report.gaps import gaps
from pciabi.report.live import watch
from pciabi.report.terminal import STYLES, is_plain, say
from pciabi.scenario.result import CaseResult, RunResult

__all__ = ["print_error", "print_result", "watch"]

_VERDICT_STYLES = {
    Verdict.COMPATIBLE: "bold green",
    Verdict.BREAK: "bold red",
    Verdict.ERROR: "bold yellow",
}


def print_result(result: RunResult, written: Path | None, console: Console | None = None) -> None:
    """Print the results, then what went wrong, the verdict, and where the report is.

    `written` is the path of report.html, None where it could not be written; `console` is
    standard output unless given.
    """
    out = console or Console(highlight=False)
    if is_plain(out):
        for case in result.cases:
            say(out, wording.line(case))
    elif result.cases:
        out.print(_table(result))
    for case in result.cases:
        for line in _trouble(case):
            say(out, line)
    for gap in gaps(_unknowns(result)):
        say(out, f"unknown: {gap}")
    say(out, wording.tally(result))
    say(out, wording.verdict(result), style=_VERDICT_STYLES[result.verdict])
    say(out, wording.scope(result))
    if written is not None:
        say(out, f"report: {written}")


def print_error(error: PciabiError, console: Console | None = None) -> None:
    """Print an error that ended everything: one line, and the last console lines if any.

    `console` is standard error unless given.
    """
    out = console or Console(stderr=True, highlight=False)
    say(out, f"pciabi: {error}", style="bold")
    for line in _console_tail(error):
        say(out, line)


def _table(result: RunResult) -> Table:
    table = Table(expand=False, pad_edge=False, box=None, padding=(0, 2, 0, 0))
    table.add_column("result", min_width=10, max_width=10)
    table.add_column("case", overflow="fold", max_width=24)
    table.add_column("what happened", overflow="fold")
    table.add_column("time", justify="right", no_wrap=True, min_width=6)
    scenario = None
    for case in result.cases:
        if case.case.scenario != scenario:
            scenario = case.case.scenario
            table.add_row()
            table.add_row("", Text(printable.line(scenario), style="bold", overflow="fold"))
        table.add_row(
            Text(wording.word(case), style=STYLES[wording.standing(case)]),
            Text(printable.line(case.case.name)),
            Text(printable.line(story.case_story(case))),
            wording.seconds(case.seconds),
        )
    table.add_row()
    return table


def _unknowns(result: RunResult) -> tuple[Unknown, ...]:
    """What the comparisons left open; the same of the same device in several cases once."""
    every = (u for case in result.cases for one in case.comparisons for u in one.unknowns)
    return tuple({(u.label, u.field, u.why_before, u.why_after): u for u in every}.values())


def _trouble(result: CaseResult) -> Iterator[str]:
    for failure in result.failures:
        yield f"{failure.position}: {result.case.title}: {failure.message}"
    if result.error is not None:
        place = f"{result.error.place}: " if result.error.place else ""
        yield f"{place}{result.case.title}: {str(result.error).removeprefix(place)}"
        yield from _console_tail(result.error)


def _console_tail(error: PciabiError) -> Iterator[str]:
    if error.evidence is not None:
        for line in error.evidence.tail():
            yield f"    {printable.line(line)}"
