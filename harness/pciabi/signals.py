"""SIGINT and SIGTERM become one orderly request to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from pciabi.cancellation import Cancellation

STOPPING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping(
    cancellation: Cancellation, numbers: Iterable[signal.Signals] = STOPPING
) -> Iterator[None]:
    """Within the block the signals request the cancellation. For the main thread only."""

    def handle(number: int, _frame: FrameType | None) -> None:
        cancellation.request(number)

    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
