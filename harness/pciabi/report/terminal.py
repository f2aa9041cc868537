"""Printing to a terminal or a pipe, whatever the text holds."""

from __future__ import annotations

from rich.console import Console
from rich.style import Style
from rich.text import Text

from pciabi.report import printable
from pciabi.report.wording import Standing

STYLES = {
    Standing.HELD: Style(color="green"),
    Standing.SEEN: Style(color="green"),
    Standing.BROKE: Style(color="red", bold=True),
    Standing.UNTESTED: Style(color="yellow", bold=True),
}


def is_plain(console: Console) -> bool:
    """Whether only whole lines of ASCII are to be written: a pipe, a file, a simple terminal."""
    return not console.is_terminal or console.is_dumb_terminal or console.options.ascii_only


def say(console: Console, text: str, style: str | Style = "") -> None:
    """One line; leading spaces are kept, control characters and markup mean nothing."""
    indent = " " * (len(text) - len(text.lstrip(" ")))
    if is_plain(console):
        console.out(indent + printable.ascii_line(text), highlight=False)
    else:
        console.print(Text(indent + printable.line(text), style=style), soft_wrap=True)
