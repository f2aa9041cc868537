"""A result as a table, for a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from pciabi.abi.judgement import Severity
from pciabi.report import printable
from pciabi.report.terminal import gate_tables, text
from pciabi.report.words import cases, story
from pciabi.report.words.cases import Standing
from pciabi.report.words.changes import values, who
from pciabi.result.judged import JudgedComparison
from pciabi.result.result import Command, Result

STYLES = {
    Standing.HELD: "green",
    Standing.SEEN: "green",
    Standing.BROKE: "bold red",
    Standing.UNTESTED: "bold yellow",
}
_SEVERITY_STYLES = {
    Severity.BREAKING: "bold red",
    Severity.NOTABLE: "yellow",
    Severity.BENIGN: "dim",
}


def tables(result: Result) -> tuple[Table, ...]:
    """All that was found out; none where that is nothing."""
    if result.command is Command.GATE:
        return tuple(gate_tables.tables(result))
    of_two_sides = result.command is Command.DIFF
    shown = _of_changes(result.two_sides) if of_two_sides else _of_cases(result)
    return (shown,) if shown is not None else ()


def _of_cases(result: Result) -> Table | None:
    if not result.entries:
        return None
    made = _empty()
    made.add_column("result", min_width=10, max_width=10)
    made.add_column("case", overflow="fold", max_width=24)
    made.add_column("what happened", overflow="fold")
    made.add_column("time", justify="right", no_wrap=True, min_width=6)
    scenario = None
    for entry in result.entries:
        if entry.subject.group != scenario:
            scenario = entry.subject.group
            made.add_row()
            made.add_row("", Text(printable.line(scenario), style="bold", overflow="fold"))
        made.add_row(
            Text(cases.word(entry), style=STYLES[cases.standing(entry)]),
            Text(printable.line(entry.subject.name)),
            Text(printable.line(story.entry_story(entry))),
            cases.seconds(entry.seconds),
        )
    made.add_row()
    return made


def _of_changes(comparison: JudgedComparison) -> Table | None:
    shown = text.shown_changes(comparison)
    if not shown:
        return None
    made = _empty()
    made.add_column("severity", min_width=8)
    made.add_column("device", overflow="fold", max_width=28)
    made.add_column("what changed", overflow="fold")
    made.add_column("before", overflow="fold")
    made.add_column("after", overflow="fold")
    for of_device in text.by_device(shown):
        for change in of_device:
            words = (who(change), change.field, *values(change))
            made.add_row(
                Text(change.severity, style=_SEVERITY_STYLES[change.severity]),
                *(Text(printable.line(word)) for word in words),
            )
        for line in (*text.consequences(of_device), *text.behind(comparison, of_device)):
            made.add_row("", "", Text(printable.line(line), style="italic"))
    return made


def _empty() -> Table:
    return Table(expand=False, pad_edge=False, box=None, padding=(0, 2, 0, 0))
