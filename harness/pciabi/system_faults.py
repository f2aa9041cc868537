"""What an exception means that nobody raised on purpose: an error of the system's, or a fault of
our own that must not stop what has nothing to do with it."""

from __future__ import annotations

import errno
import os

from pciabi.errors import CannotTest, Evidence

_ADVICE = {
    errno.ENOSPC: "free some space there",
    errno.EMFILE: "ulimit -n is too low",
    errno.EAGAIN: "ulimit -u, or a container's limit of processes, is too low",
}
_NO_THREAD = "can't start new thread"


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


def unforeseen(error: Exception) -> CannotTest:
    """The error for one of several things, where the others are to go on."""
    known = explained(error)
    if known is not None:
        return known
    # Not above: it draws in a tokenizer, and hardly ever is there anything to trace.
    import traceback

    what = f"{type(error).__name__}: {error}".partition("\n")[0]
    found = CannotTest(f"a fault in pciabi itself: {what}", advice="please report it")
    found.evidence = Evidence((), "".join(traceback.format_exception(error)))
    return found


def _shown(name: object) -> str:
    return os.fsdecode(name) if isinstance(name, (str, bytes)) else str(name)
