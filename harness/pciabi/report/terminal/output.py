"""Where lines are printed: plain ones to a pipe, styled ones where somebody looks on.

Only the latter draws in a terminal's library, which takes longer to import than most to print.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from pciabi.report import printable

if TYPE_CHECKING:
    from rich.console import Console

# What makes a terminal's library take any stream for a terminal, whatever the system says.
_CLAIMS = ("FORCE_COLOR", "TTY_COMPATIBLE")


@dataclass(frozen=True)
class PlainOutput:
    """Whole lines of ASCII, for a pipe, a file, a simple terminal. `stream` is None where whoever
    started us has closed it: then nothing is printed."""

    stream: TextIO | None

    def say(self, line: str, style: str = "") -> None:  # noqa: ARG002 - a pipe has no style
        """Print one line at once, for whoever follows a log; leading spaces are kept, control
        characters and markup mean nothing."""
        if self.stream is not None:
            self.stream.write(f"{printable.indent(line)}{printable.ascii_line(line)}\n")
            self.stream.flush()


@dataclass(frozen=True)
class StyledOutput:
    """A terminal that shows colours and the characters of every language."""

    console: Console

    def say(self, line: str, style: str = "") -> None:
        """As on a plain output, in a style of rich's."""
        from rich.text import Text

        shown = Text(printable.indent(line) + printable.line(line), style=style)
        self.console.print(shown, soft_wrap=True)


Output = PlainOutput | StyledOutput


def standard_output() -> Output:
    """Standard output, as it is now."""
    return _output(sys.stdout)


def standard_error() -> Output:
    """Standard error, as it is now."""
    return _output(sys.stderr)


def _output(stream: TextIO | None) -> Output:
    is_claimed = any(name in os.environ for name in _CLAIMS)
    if stream is None or not (is_claimed or stream.isatty()):
        return PlainOutput(stream)
    from rich.console import Console

    console = Console(file=stream, highlight=False)
    if not console.is_terminal or console.is_dumb_terminal or console.options.ascii_only:
        return PlainOutput(stream)
    return StyledOutput(console)
