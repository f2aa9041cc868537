"""What is told while cases run, what is told of their tasks included: plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pciabi.probe.events import HostEvent
from pciabi.result.entry import Entry


@dataclass(frozen=True)
class Planned:
    """So many cases will be run."""

    cases: int


@dataclass(frozen=True)
class Ended:
    """A case has ended."""

    result: Entry


Event = HostEvent | Planned | Ended
Tell = Callable[[Event], None]
"""Who is told of a run; possibly by several threads at once."""
