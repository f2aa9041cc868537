"""What a program leaves behind when it ends: processes in sessions and groups of their own too.

The process that reaps orphans, a subreaper (PR_SET_CHILD_SUBREAPER, prctl(2)), gets every child
whose parent has died. So whatever a dead program has started and not waited for becomes a child
of ours. Not every child of ours is one, though: lint's workers are, and so may be programs that
others run within this Python process, under pytest say.

The rule: a process is of a program's family if its limit on file locks (RLIMIT_LOCKS) is the
number that the program was started with. Linux has not used that limit since 2.4.25, and each
process inherits it: unlike the environment, the process group, the session and the standard
streams it is not changed by `env -i`, `setsid`, a redirection or an exec, and unlike the parent
it stays when the parent dies. It may be read of processes of other users, and of dead ones.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import select
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
# The module `resource` has no name for it; it is 10 on every architecture.
_RLIMIT_LOCKS = 10
_LIMIT = re.compile(r"^Max file locks +(\d+) ", re.MULTILINE)
_MOST = 1 << 62
# So many more than the greatest number takes that all numbers are as good as equally likely.
_MARK_BYTES = 16
# Of so few numbers two programs might be given the same, or one of a process that is not ours.
_FEWEST = 1 << 24
_ROUNDS = 100
_REAPING_SECONDS = 2.0


@cache
def adopt_orphans() -> None:
    """From now on orphans of what we start become children of ours."""
    # Where the kernel refuses, the process group and what is below it are all that is ended.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def new_mark() -> int:
    """A number that no other family has. Raises ValueError where the limit leaves too few."""
    _, hard = resource.getrlimit(_RLIMIT_LOCKS)
    most = _MOST if hard == resource.RLIM_INFINITY else hard
    if most < _FEWEST:
        raise ValueError(f"`ulimit -x` must be {_FEWEST} or more, and is {most}")
    return 1 + int.from_bytes(os.urandom(_MARK_BYTES)) % most


def limits(mark: int) -> tuple[str, ...]:
    """What `prlimit` is told so that what it starts has this mark."""
    # The hard limit stays as it is.
    return (f"--locks={mark}:",)


def descendants(pid: int) -> Iterator[int]:
    """The processes below one, as they are now."""
    waiting = _children(pid)
    while waiting:
        child = waiting.pop()
        yield child
        waiting += _children(child)


@dataclass(frozen=True)
class Family:
    """A program and its descendants, by their mark. `known` are those that were seen below one
    of them, whatever they have made of their mark since."""

    leader: int
    mark: int
    known: set[int] = field(default_factory=set)

    def has(self, pid: int) -> bool:
        """Whether a child of ours is one of them, and not the leader."""
        # The leader is its owner's to end and to reap.
        return pid != self.leader and (pid in self.known or _mark(pid) == self.mark)

    def kill(self) -> None:
        """End all of them but the leader, as they are now; orphans too."""
        below = set(descendants(self.leader)) if _mark(self.leader) == self.mark else set()
        for child in _children(os.getpid()):
            if self.has(child):
                below |= {child, *descendants(child)}
        # Once one is dying, nothing but its number tells that it was below another.
        self.known.update(below)
        for pid in below:
            _kill(pid)

    def end_orphans(self) -> None:
        """End and reap all that the dead leader has left."""
        for _ in range(_ROUNDS):
            # Whose parent is one of these becomes a child of ours when that one has ended.
            orphans = [child for child in _children(os.getpid()) if self.has(child)]
            if not orphans:
                return
            self.kill()
            for orphan in orphans:
                _reap(orphan)
                self.known.discard(orphan)


def _mark(pid: int) -> int | None:
    with suppress(OSError):
        found = _LIMIT.search(Path(f"/proc/{pid}/limits").read_text())
        return int(found[1]) if found else None
    return None


def _kill(pid: int) -> None:
    # It may have ended, and may not be ours to end.
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


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
