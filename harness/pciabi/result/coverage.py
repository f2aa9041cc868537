"""What a gate was asked to judge, with what, and what of it was left out. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.errors import SourcePosition
from pciabi.result.failure import Failure


@dataclass(frozen=True)
class Skipped:
    """A file that was not judged, and why."""

    file: str
    why: str


@dataclass(frozen=True)
class Remark:
    """Something that makes nothing fail and must not go unsaid, and where it stands."""

    message: str
    position: SourcePosition


@dataclass(frozen=True)
class Coverage:
    """The two hypervisors (their version lines with the exact package, or the baseline's folder),
    the files that were left out, how many machines were started and how many of the readings
    served several VMs. `failures` are the policy's own: a waiver that expired or that nothing
    needed; `remarks` are what else is to be known of it, such as a waiver for a machine type that
    was not looked at."""

    before: str
    after: str
    skipped: tuple[Skipped, ...] = ()
    read: int = 0
    shared: int = 0
    failures: tuple[Failure, ...] = ()
    remarks: tuple[Remark, ...] = ()
