"""What a command needs of its surroundings, and what it says where they fail it: a full disk, no
descriptors or processes left, a working folder that is gone."""

from __future__ import annotations

import codecs
import errno
import os
import sys
from io import TextIOWrapper

from pciabi.errors import CannotTest

_READABLE = "pciabi-readable"
_PLAIN = str.maketrans({"→": "->", "←": "<-", "…": "...", "\u2013": "-", "\u2014": "-"})
_ADVICE = {
    errno.ENOSPC: "free some space there",
    errno.EMFILE: "ulimit -n is too low",
    errno.EAGAIN: "ulimit -u, or a container's limit of processes, is too low",
}
_NO_THREAD = "can't start new thread"


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


def explained(error: BaseException) -> CannotTest | None:
    """What an error of the system's means, None for one that is no such thing."""
    if isinstance(error, OSError):
        said = error.strerror or str(error)
        # Files are named by whoever reads or writes them; what has no name is a stream.
        place = f"{_shown(error.filename)}: " if error.filename else ""
        if not place and error.errno in (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG):
            place = "the output cannot be written: "
        return CannotTest(f"{place}{said}", advice=_ADVICE.get(error.errno or 0, ""))
    if isinstance(error, RuntimeError) and _NO_THREAD in str(error):
        return CannotTest("no thread can be started", advice=_ADVICE[errno.EAGAIN])
    if isinstance(error, MemoryError):
        return CannotTest("there is not memory enough")
    return None


def _shown(name: object) -> str:
    return os.fsdecode(name) if isinstance(name, (str, bytes)) else str(name)


def _readable(error: UnicodeError) -> tuple[str | bytes, int]:
    """What a terminal cannot show, as it can: arrows in ASCII, the rest as Python writes it."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].translate(_PLAIN)
    return text.encode("ascii", errors="backslashreplace"), error.end
