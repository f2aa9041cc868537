"""`report.json`: everything that was found out, for other programs."""

from __future__ import annotations

from pciabi.report.document import from_diff, from_run
from pciabi.result.result import Command, Result

FILE = "report.json"
COMMANDS = frozenset({Command.RUN, Command.DIFF})


def render(result: Result) -> str:
    """The document that the command has a contract for."""
    if result.command is Command.DIFF:
        return from_diff.document(result).render()
    return from_run.document(result).render()
