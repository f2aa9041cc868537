"""Printing where somebody looks on: in colours, and tables of the terminal's width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.style import Style
from rich.text import Text

from pciabi.report import printable
from pciabi.report.terminal import tables
from pciabi.result.result import Result


@dataclass(frozen=True)
class StyledOutput:
    """A terminal."""

    console: Console

    def say(self, line: str, style: str | Style = "") -> None:
        """Print one line."""
        shown = Text(printable.indent(line) + printable.line(line), style=style)
        self.console.print(shown, soft_wrap=True)

    def findings(self, result: Result) -> None:
        """Print a table of all that was found out."""
        table = tables.table(result)
        if table is not None:
            self.console.print(table)


def console(stream: TextIO) -> Console:
    """The terminal behind a stream, highlighting nothing by itself."""
    return Console(file=stream, highlight=False)


def is_plain(screen: Console) -> bool:
    """Whether only whole lines of ASCII are to be written: a pipe, a file, a simple terminal."""
    return not screen.is_terminal or screen.is_dumb_terminal or screen.options.ascii_only
