"""What a program leaves behind when it ends: processes in sessions and groups of their own too.

The process that reaps orphans, a subreaper (PR_SET_CHILD_SUBREAPER, prctl(2)), gets every child
whose parent has died. So whatever a dead program has started and not waited for becomes a child
of ours, where it is known by a mark in its environment, by the program's standard error, which
is a pipe of its own, or by the program's process group.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

MARK = "PCIABI_STARTED"
"""The environment variable by which a program's descendants are known."""
_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 100
_REAPING_SECONDS = 2.0


@cache
def adopt_orphans() -> None:
    """From now on orphans of what we start become children of ours."""
    # Where the kernel refuses, the process group is all that is ended.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(pid: int) -> Iterator[int]:
    """The processes below one, as they are now."""
    waiting = _children(pid)
    while waiting:
        child = waiting.pop()
        yield child
        waiting += _children(child)


def kill(pid: int) -> None:
    """End a process at once; harmless where it has ended, or is not ours to end."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Family:
    """How the descendants of a program are known. `errors` is the inode of its standard error,
    a pipe; `known` are those that were seen below it."""

    leader: int
    mark: str
    errors: int
    known: set[int] = field(default_factory=set)

    def has(self, pid: int) -> bool:
        """Whether a child of ours is one of them."""
        # The leader itself is its owner's to reap.
        if pid == self.leader:
            return False
        if pid in self.known:
            return True
        with suppress(OSError):
            if os.getpgid(pid) == self.leader:
                return True
            place = Path(f"/proc/{pid}")
            if f"{MARK}={self.mark}\0".encode() in (place / "environ").read_bytes():
                return True
            return str((place / "fd/2").readlink()) == f"pipe:[{self.errors}]"
        return False


def end_orphans(family: Family) -> None:
    """End and reap all that a dead program has left."""
    for _ in range(_ROUNDS):
        # Whose parent is one of these becomes a child of ours when that one has ended.
        orphans = [child for child in _children(os.getpid()) if family.has(child)]
        if not orphans:
            return
        for orphan in orphans:
            below = set(descendants(orphan))
            # Once one is dying, nothing but its number tells what it was.
            family.known.update(below)
            for pid in (orphan, *below):
                kill(pid)
        for orphan in orphans:
            _reap(orphan)
            family.known.discard(orphan)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    # A process that has just ended has no such files any more.
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def _reap(pid: int) -> None:
    with suppress(OSError):
        descriptor = os.pidfd_open(pid)
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll(_REAPING_SECONDS * 1000)
        finally:
            os.close(descriptor)
        os.waitpid(pid, os.WNOHANG)
