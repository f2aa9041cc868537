"""`report.json`: everything that was found out, for other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pciabi.report.document import from_diff, from_gate, from_run
from pciabi.report.document.parts import Document
from pciabi.result.result import Command, Result

FILE = "report.json"
COMMANDS = frozenset(Command)

_DOCUMENTS: Mapping[Command, Callable[[Result], Document]] = MappingProxyType(
    {
        Command.RUN: from_run.document,
        Command.DIFF: from_diff.document,
        Command.GATE: from_gate.document,
    }
)


def render(result: Result) -> str:
    """The document that the command has a contract for."""
    return _DOCUMENTS[result.command](result).render()
