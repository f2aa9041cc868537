"""What is printed of an error: little is imported for it, since it may be all that is printed."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.errors import PciabiError
from pciabi.report import printable
from pciabi.report.terminal.output import Output, standard_error


def print_error(error: PciabiError, output: Output | None = None) -> None:
    """Print an error that ended everything: one line, and the last console lines if any.

    `output` is standard error unless given.
    """
    out = output or standard_error()
    out.say(f"pciabi: {error}", "bold")
    for line in console_tail(error):
        out.say(line)


def console_tail(error: PciabiError) -> Iterator[str]:
    """The last lines of the serial console of the boot in which it happened."""
    if error.evidence is not None:
        for line in error.evidence.tail():
            yield f"    {printable.line(line)}"
