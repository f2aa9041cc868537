"""Where lines are printed: plain ones to a pipe, styled ones where somebody looks on.

Only the latter draws in a terminal's library, which takes longer to import than most to print.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Protocol, TextIO

from pciabi.report import printable
from pciabi.report.terminal import text
from pciabi.result.result import Result

# What makes a terminal's library take any stream for a terminal, whatever the system says.
_CLAIMS = ("FORCE_COLOR", "TTY_COMPATIBLE")


class Output(Protocol):
    """Takes whatever a text holds: control characters and markup mean nothing."""

    def say(self, line: str, style: str = "") -> None:
        """Print one line; leading spaces are kept."""

    def findings(self, result: Result) -> None:
        """Print each thing that was found out."""


@dataclass(frozen=True)
class PlainOutput:
    """Whole lines of ASCII, for a pipe, a file, a simple terminal. `stream` is None where whoever
    started us has closed it: then nothing is printed."""

    stream: TextIO | None

    def say(self, line: str, style: str = "") -> None:  # noqa: ARG002 - a pipe has no style
        """Print one line at once, for whoever follows a log."""
        if self.stream is not None:
            self.stream.write(f"{printable.indent(line)}{printable.ascii_line(line)}\n")
            self.stream.flush()

    def findings(self, result: Result) -> None:
        """Print each thing that was found out, on a line or several."""
        for line in text.findings(result):
            self.say(line)


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
    from pciabi.report.terminal.styled import StyledOutput, console, is_plain

    screen = console(stream)
    return PlainOutput(stream) if is_plain(screen) else StyledOutput(screen)
