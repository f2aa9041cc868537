"""How far the readings of a gate have come, and what a request to stop leaves unjudged."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock
from typing import Any

from pciabi.errors import Interrupted
from pciabi.events import ReadingsEnded, Said, Tell

_NAMED = 5


def follow(readings: Collection[Future[Any]], tell: Tell) -> None:
    """Tell of each reading that ends, from whichever thread ends it; of one that never began,
    nothing."""
    planned = frozenset(readings)
    lock = Lock()
    ended = 0

    def count(reading: Future[Any]) -> None:
        nonlocal ended
        if reading.cancelled():
            return
        # Told within the lock: otherwise a later count might be told before an earlier one.
        with lock:
            ended += 1
            tell(ReadingsEnded(ended, len(planned)))

    for reading in planned:
        reading.add_done_callback(count)


@contextmanager
def telling_what_is_not_judged(
    titles: Sequence[str], judged: Sequence[object], tell: Tell
) -> Iterator[None]:
    """A request to stop leaves the block having told which of the VMs of these titles were not
    judged; `judged` grows within the block, in their order."""
    try:
        yield
    except Interrupted:
        missing = titles[len(judged) :]
        if missing:
            tell(Said(f"not judged: {_listed(missing)} ({len(judged)} of {len(titles)} were)"))
        raise


def _listed(titles: Sequence[str]) -> str:
    named = ", ".join(titles[:_NAMED])
    more = len(titles) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
