"""Text that came from a guest or a file, made safe to show. Pure.

Serial consoles, lspci and error messages hold whatever a guest printed: escape sequences,
control characters, characters that turn the direction of writing, lone surrogates.
"""

from __future__ import annotations

import re
import unicodedata

# ECMA-48: control sequences (5.4), strings such as a window title (8.3.89), two-byte escapes.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]"
)
_REPLACEMENT = "\ufffd"
_PLAIN = str.maketrans({"→": "->", "…": "..."})


def block(text: str) -> str:
    """Several lines: tabs and line feeds stay, escape sequences go, and every other character
    that is not printable becomes U+FFFD. The result is also fit for XML 1.0."""
    plain = _ESCAPES.sub("", text).replace("\r", "")
    return "\n".join(_line(line) for line in plain.split("\n"))


def line(text: str) -> str:
    """As `block`, with all white space folded into single spaces."""
    return " ".join(block(text).split())


def indent(text: str) -> str:
    """The spaces in front, which `line` leaves out."""
    return " " * (len(text) - len(text.lstrip(" ")))


def ascii_line(text: str) -> str:
    """As `line`, in ASCII: an arrow becomes `->`, an ellipsis three dots, anything else foreign a
    Python escape."""
    return line(text).translate(_PLAIN).encode("ascii", "backslashreplace").decode("ascii")


def _line(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character == "\t" or unicodedata.category(character) == "Zs"
        else _REPLACEMENT
        for character in text
    )
