"""What a gate was asked to judge, with what, and what of it was left out. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.result.failure import Failure


@dataclass(frozen=True)
class Skipped:
    """A file that was not judged, and why."""

    file: str
    why: str


@dataclass(frozen=True)
class Coverage:
    """The two hypervisors (their version lines with the exact package, or the baseline's folder),
    the files that were left out, how many machines were started and how many of the readings
    served several VMs. `failures` are the policy's own: a waiver that expired or that nothing
    needed."""

    before: str
    after: str
    skipped: tuple[Skipped, ...] = ()
    read: int = 0
    shared: int = 0
    failures: tuple[Failure, ...] = ()
