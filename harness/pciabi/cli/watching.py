"""Who watches while hardware is read, where that takes long enough to be watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pciabi.events import Tell


@contextmanager
def watching() -> Iterator[Tell]:
    """Whom a run tells, for the time of the block. Only here is a terminal's library drawn
    in: a QEMU command line is read before anybody could look."""
    from pciabi.report.terminal.watching import watch

    with watch() as tell:
        yield tell
