"""A gate as tables, for a terminal: the changes, and which VM has which."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from pciabi.abi.judgement import Severity
from pciabi.report import printable
from pciabi.report.words import drifts, rows, vms
from pciabi.report.words.changes import values
from pciabi.report.words.matrix import LEGEND, Mark, Matrix, matrix
from pciabi.result.result import Result
from pciabi.result.rows import Row
from pciabi.result.verdict import Verdict

_SEVERITIES = {Severity.BREAKING: "bold red", Severity.NOTABLE: "yellow", Severity.BENIGN: "dim"}
_MARKS = {Mark.FAILS: "bold red", Mark.WAIVED: "cyan", Mark.THERE: "yellow", Mark.NONE: "dim"}
_VERDICTS = {
    Verdict.COMPATIBLE: "green",
    Verdict.BREAK: "bold red",
    Verdict.WILL_NOT_START: "bold red",
    Verdict.ERROR: "bold yellow",
}


def tables(result: Result) -> Iterator[Table]:
    """Nothing where nothing changes."""
    found = matrix(result.entries)
    if not found.rows:
        return
    yield _of_changes(found, vms.names(result.entries))
    if len(found.lines) > 1:
        yield _of_vms(found)


def _of_changes(found: Matrix, names: tuple[str, ...]) -> Table:
    made = Table(expand=False, pad_edge=False, box=None, padding=(0, 2, 0, 0))
    made.add_column("", no_wrap=True)
    made.add_column("severity", min_width=8)
    made.add_column("device", overflow="fold", max_width=28)
    for column in ("what changed", "before", "after", "VMs"):
        made.add_column(column, overflow="fold")
    for letter, row in zip(found.letters, found.rows, strict=True):
        those = vms.shown([names[vm] for vm in row.vms])
        words = (row.device, row.change.field, *values(row.change), those)
        style = _SEVERITIES[row.severity] if not row.excuses or row.fails else _MARKS[Mark.WAIVED]
        made.add_row(
            letter,
            Text(rows.standing(row), style=style),
            *(Text(printable.line(text)) for text in words),
        )
        for text in _beside(row):
            made.add_row("", "", "", Text(printable.line(text), style="italic"))
    return made


def _beside(row: Row) -> Iterator[str]:
    yield row.change.reason
    yield from rows.causes(row)
    yield from (f"libvirt: {drifts.words(drift)}" for drift in row.drifts)
    yield from (f"waived: {excuse}" for excuse in row.excuses)


def _of_vms(found: Matrix) -> Table:
    made = Table(expand=False, pad_edge=False, box=None, padding=(0, 1, 0, 0), caption=LEGEND)
    made.caption_justify = "left"
    for letter in found.letters:
        made.add_column(letter)
    made.add_column("", min_width=14)
    made.add_column("VMs", overflow="fold")
    for line, names in found.patterns:
        made.add_row(
            *(Text(mark, style=_MARKS[mark]) for mark in line.marks),
            Text(line.word, style=_VERDICTS[line.verdict]),
            Text(printable.line(", ".join(names))),
        )
    return made
