"""Which files a command starts, so that what was found out of them is known to be of these."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

Identity = tuple[str, int, int, int, int]
"""A file's name, device, inode, size and time of change in nanoseconds."""


def identities(command: Sequence[str]) -> Iterator[Identity]:
    """The files that words of a command name, each with what tells it from another version."""
    for word in command:
        # Not every word is a path, and one that is none may be too long for one.
        with suppress(OSError):
            status = Path(word).stat()
            if stat.S_ISREG(status.st_mode):
                yield word, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
