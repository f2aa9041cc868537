"""SIGINT, SIGTERM and SIGHUP: one orderly request to stop, heard at every stage.

Whoever waits for another program has its death end the wait: a signal requests a cancellation,
and the cancellation ends the program. Everything else (reading a file, comparing, rendering) a
signal ends by raising Interrupted, there and then, in the main thread; but not within a block
that is `held`, in which something would be left behind.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from pciabi.cancellation import Cancellation
from pciabi.errors import Interrupted

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP = Cancellation()
"""The stop of this whole process: every program it has started registers its end here."""
_PATIENCE_SECONDS = 1.0


class _Watch:
    """What is to happen when a signal arrives. The handler and `held` run in the main thread."""

    def __init__(self) -> None:
        self.held = 0
        self.first_at: float | None = None

    def handle(self, number: int, _frame: FrameType | None) -> None:
        if self.first_at is None:
            self.first_at = time.monotonic()
            STOP.request(number)
            if not self.held:
                raise Interrupted(number)
        elif time.monotonic() - self.first_at > _PATIENCE_SECONDS:
            # Something does not end as it should. (`timeout` sends a signal twice at once.)
            os._exit(128 + number)


_watch = _Watch()


def watch() -> None:
    """From now on, until the process ends, signals are answered. For the main thread only."""
    for number in _handlers(STOPPING):
        signal.signal(number, _watch.handle)


@contextmanager
def watched() -> Iterator[None]:
    """Within the block signals are answered as by `watch`. For the main thread only."""
    before = _handlers(STOPPING)
    watch()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held() -> Iterator[None]:
    """Within the block a signal raises nothing: it requests what is registered, and Interrupted
    is raised once the block has ended well. Of no effect outside of the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _watch.held += 1
    try:
        yield
    finally:
        _watch.held -= 1
    if not _watch.held:
        STOP.check()


@contextmanager
def released() -> Iterator[None]:
    """Within the block, which is within one that is held, signals raise Interrupted after all:
    what was made before it is taken away behind it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before, _watch.held = _watch.held, 0
    try:
        STOP.check()
        yield
    finally:
        _watch.held = before


class _Requests:
    """A handler that requests a cancellation, and then does what our handler before it does."""

    def __init__(self, cancellation: Cancellation, before: object) -> None:
        self.cancellation = cancellation
        ours = before == _watch.handle or isinstance(before, _Requests)
        self.before = before if ours and callable(before) else None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.cancellation.request(number)
        if self.before is not None:
            self.before(number, frame)


@contextmanager
def stopping(
    cancellation: Cancellation, numbers: Iterable[signal.Signals] = STOPPING
) -> Iterator[None]:
    """Within the block the signals request this cancellation too. For the main thread only."""
    before = _handlers(numbers)
    for number, handler in before.items():
        signal.signal(number, _Requests(cancellation, handler))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _handlers(numbers: Iterable[signal.Signals]) -> dict[signal.Signals, Any]:
    """What answers each of these signals now, without a SIGHUP that is ignored: what `nohup` has
    started outlives its terminal."""
    handlers = {number: signal.getsignal(number) for number in numbers}
    if handlers.get(signal.SIGHUP) == signal.SIG_IGN:
        del handlers[signal.SIGHUP]
    return handlers
