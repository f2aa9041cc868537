"""What a command needs of its surroundings: streams to write to, a working folder."""

from __future__ import annotations

import codecs
import os
import sys
from io import TextIOWrapper

from pciabi.errors import CannotTest

_READABLE = "pciabi-readable"
_PLAIN = str.maketrans({"→": "->", "←": "<-", "…": "...", "\u2013": "-", "\u2014": "-"})


def prepare() -> None:
    """Make standard streams fit to write to: all three there, whatever the locale."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # Otherwise the next file that is opened would be taken for it.
            os.open(os.devnull, os.O_RDWR)
    codecs.register_error(_READABLE, _readable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=_READABLE)


def must_be_there() -> None:
    """Raise CannotTest where there is no standard output or no working folder."""
    if sys.stdout is None:
        raise CannotTest("standard output is closed", advice="> /dev/null if nobody is to read it")
    try:
        os.getcwd()  # noqa: PTH109 - of a folder that is gone Path tells no more
    except OSError as error:
        raise CannotTest(
            f"the working folder is gone: {error.strerror}", advice="cd to one that is there"
        ) from None


def _readable(error: UnicodeError) -> tuple[str | bytes, int]:
    """What a terminal cannot show, as it can: arrows in ASCII, the rest as Python writes it."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].translate(_PLAIN)
    return text.encode("ascii", errors="backslashreplace"), error.end
