"""The terminal: a comparison as a table, or as plain lines where nobody looks on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pciabi.abi.change import Change, Outcome
from pciabi.abi.diff import Diff
from pciabi.abi.judgement import Severity
from pciabi.abi.verdict import Verdict
from pciabi.report import diff_wording as wording
from pciabi.report import printable, substituted
from pciabi.report import wording as run_wording
from pciabi.report.gaps import gaps
from pciabi.report.terminal import is_plain, say

_VERDICT_STYLES = {
    Verdict.COMPATIBLE: "bold green",
    Verdict.BREAK: "bold red",
    Verdict.ERROR: "bold yellow",
}
_SEVERITY_STYLES = {
    Severity.BREAKING: "bold red",
    Severity.NOTABLE: "yellow",
    Severity.BENIGN: "dim",
}
_MOST_BENIGN = 20


def print_diff(diff: Diff, written: Path | None, console: Console | None = None) -> None:
    """Print what differs, what is not known, and the verdict.

    `written` is the path of report.html, None where none was written; `console` is standard
    output unless given.
    """
    out = console or Console(highlight=False)
    say(out, f"before: {wording.origin(diff.before)}")
    say(out, f"after: {wording.origin(diff.after)}")
    shown = [*diff.of(Severity.BREAKING), *diff.of(Severity.NOTABLE)]
    benign = diff.of(Severity.BENIGN)
    shown += benign if len(benign) <= _MOST_BENIGN else ()
    if is_plain(out):
        for line in _lines(shown):
            say(out, line)
    elif shown:
        out.print(_table(shown))
    if len(benign) > _MOST_BENIGN:
        say(out, f"benign: {len(benign)} differences that are no part of the hardware")
    for gap in gaps(diff.unknowns):
        say(out, f"unknown: {gap}")
    for line in substituted.lines(diff):
        say(out, line)
    say(out, wording.matched(diff))
    say(out, wording.tally(diff))
    say(out, wording.verdict(diff), style=_VERDICT_STYLES[diff.verdict])
    say(out, wording.scope(diff))
    if written is not None:
        say(out, f"report: {written}")


def _lines(changes: list[Change]) -> Iterator[str]:
    for severity, of_severity in groupby(changes, key=lambda change: change.severity):
        for (label, where), found in groupby(of_severity, key=_device):
            of_device = list(found)
            for change in of_device:
                told = dict.fromkeys((change.kind, wording.what(change), change.reason))
                yield f"{severity}: {label} at {where}: {': '.join(told)}"
            yield from (f"    {said}" for said in _said(of_device))


def _table(changes: list[Change]) -> Table:
    table = Table(expand=False, pad_edge=False, box=None, padding=(0, 2, 0, 0))
    table.add_column("severity", min_width=8)
    table.add_column("device", overflow="fold", max_width=28)
    table.add_column("what changed", overflow="fold")
    table.add_column("before", overflow="fold")
    table.add_column("after", overflow="fold")
    for (severity, _), found in groupby(changes, key=lambda c: (c.severity, _device(c))):
        of_device = list(found)
        for change in of_device:
            device = f"{change.label} at {wording.where(change)}"
            words = (device, change.field, change.before or "none", change.after or "none")
            table.add_row(
                Text(severity, style=_SEVERITY_STYLES[severity]),
                *(Text(printable.line(word)) for word in words),
            )
        for said in _said(of_device):
            table.add_row("", "", Text(printable.line(said), style="italic"))
    return table


def _said(changes: list[Change]) -> Iterator[str]:
    for consequence in wording.said_of_guests(changes):
        unknown = "UNKNOWN, " if consequence.outcome is Outcome.UNKNOWN else ""
        yield f"{run_wording.HARMS[consequence.harm]}: {unknown}{consequence.message}"


def _device(change: Change) -> tuple[str, str]:
    return change.label, wording.where(change)
