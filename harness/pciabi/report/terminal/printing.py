"""What a command prints of its result when it ends."""

from __future__ import annotations

from pathlib import Path

from pciabi.report.terminal import text
from pciabi.report.terminal.output import Output, PlainOutput, standard_output
from pciabi.report.words import verdicts
from pciabi.result.result import Result
from pciabi.result.verdict import Verdict

_STYLES = {
    Verdict.COMPATIBLE: "bold green",
    Verdict.BREAK: "bold red",
    Verdict.ERROR: "bold yellow",
}


def print_result(result: Result, written: Path | None, output: Output | None = None) -> None:
    """Print what was found out, what is not known, the verdict, and where the report is.

    `written` is the path of report.html, None where none was written; `output` is standard
    output unless given.
    """
    out = output or standard_output()
    for line in text.opening(result):
        out.say(line)
    _print_findings(result, out)
    for line in text.closing(result):
        out.say(line)
    out.say(verdicts.verdict(result), _STYLES[result.verdict])
    out.say(verdicts.scope_line(result))
    if written is not None:
        out.say(f"report: {written}")


def _print_findings(result: Result, out: Output) -> None:
    if isinstance(out, PlainOutput):
        for line in text.findings(result):
            out.say(line)
        return
    from pciabi.report.terminal.tables import table

    shown = table(result)
    if shown is not None:
        out.console.print(shown)
