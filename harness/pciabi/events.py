"""What is told while hardware is read and cases run: plain data for one callable, from whichever
process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pciabi.distribution.progress import Progress
from pciabi.result.entry import Entry


@dataclass(frozen=True)
class Label:
    """What a task is called: a case's title, and which of the case's boots it is, from 0."""

    case: str
    boot: int = 0
    boots: int = 1


@dataclass(frozen=True)
class Said:
    """Something worth one line: which accelerator was chosen, and why."""

    line: str


@dataclass(frozen=True)
class ImageProgressed:
    """The guest image of that name is being built."""

    image: str
    progress: Progress


@dataclass(frozen=True)
class StageReached:
    """A task has reached a stage, named in a few words."""

    label: Label
    stage: str


@dataclass(frozen=True)
class Planned:
    """So many cases will be run."""

    cases: int


@dataclass(frozen=True)
class ReadingsEnded:
    """So many of all machines that are to be read have been, or could not be."""

    ended: int
    planned: int


@dataclass(frozen=True)
class Ended:
    """A case has ended."""

    result: Entry


Event = Said | ImageProgressed | StageReached | Planned | ReadingsEnded | Ended
Tell = Callable[[Event], None]
"""Who is told; possibly by several threads at once."""
