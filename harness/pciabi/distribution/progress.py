"""How far a long piece of work has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One report of progress: what is being done, and how much of it.

    `done` and `total` are bytes while packages are downloaded and steps otherwise; `total` is
    0 where nobody knows how long it takes.
    """

    stage: str
    done: int = 0
    total: int = 0


Report = Callable[[Progress], None]
"""Who is told of progress."""
