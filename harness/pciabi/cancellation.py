"""A request to stop, raised by a signal, that reaches every wait of every thread.

Nothing polls it: whoever owns a process registers its kill, and the death of the process
ends the waits on its sockets.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pciabi.errors import Interrupted


class Cancellation:
    """Set once, by `request`; checked wherever a wait has ended or is about to begin."""

    def __init__(self) -> None:
        # Re-entrant: a signal handler may interrupt the very thread that holds the lock.
        self._lock = threading.RLock()
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._next = 0
        self._signal: int | None = None

    @property
    def requested(self) -> bool:
        """Whether the run was asked to stop."""
        return self._signal is not None

    @property
    def reason(self) -> Interrupted | None:
        """What it was that asked; None while nothing has."""
        return None if self._signal is None else Interrupted(self._signal)

    def request(self, signal_number: int) -> None:
        """Ask every wait to end. Further requests change nothing."""
        with self._lock:
            if self._signal is None:
                self._signal = signal_number
            callbacks = tuple(self._callbacks.values())
        for callback in callbacks:
            callback()

    def check(self) -> None:
        """Raise Interrupted when the run was asked to stop."""
        if (reason := self.reason) is not None:
            raise reason

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Within the block a request calls `callback`, from the thread that requests."""
        with self._lock:
            self.check()
            token = self._next
            self._next += 1
            self._callbacks[token] = callback
        try:
            yield
        finally:
            with self._lock:
                del self._callbacks[token]
