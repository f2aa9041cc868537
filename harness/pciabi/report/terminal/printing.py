"""What a command prints of its result when it ends."""

from __future__ import annotations

from pathlib import Path

from pciabi.report.terminal import gate_text, text
from pciabi.report.terminal.output import Output, PlainOutput, standard_output
from pciabi.report.words import verdicts
from pciabi.result.result import Command, Result
from pciabi.result.verdict import Verdict

_STYLES = {
    Verdict.COMPATIBLE: "bold green",
    Verdict.BREAK: "bold red",
    Verdict.WILL_NOT_START: "bold red",
    Verdict.ERROR: "bold yellow",
}


def print_result(result: Result, written: Path | None, output: Output | None = None) -> None:
    """Print what was found out, what is not known, the verdict, and where the report is.

    `written` is the path of report.html, None where none was written; `output` is standard
    output unless given.
    """
    out = output or standard_output()
    sentence, style = verdicts.verdict(result), _STYLES[result.verdict]
    # What a gate is asked for is one sentence, and much may follow it.
    comes_first = result.command is Command.GATE
    if comes_first:
        out.say(sentence, style)
    for line in text.opening(result):
        out.say(line)
    _print_findings(result, out)
    for line in text.closing(result):
        out.say(line)
    if not comes_first:
        out.say(sentence, style)
    out.say(verdicts.scope_line(result))
    if written is not None:
        out.say(f"report: {written}")


def print_causes(result: Result, output: Output | None = None) -> None:
    """Print why the two hypervisors differ where no guest sees it."""
    out = output or standard_output()
    for line in gate_text.causes(result):
        out.say(line)


def _print_findings(result: Result, out: Output) -> None:
    if isinstance(out, PlainOutput):
        for line in text.findings(result):
            out.say(line)
        return
    from pciabi.report.terminal.tables import tables

    for table in tables(result):
        out.console.print(table)
