"""What a command found out: the one result that every report is made from. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pciabi import __version__
from pciabi.abi.snapshot import Snapshot
from pciabi.errors import worst
from pciabi.result import verdict as verdicts
from pciabi.result.coverage import Coverage
from pciabi.result.entry import Entry, Plan, Subject
from pciabi.result.judged import JudgedComparison
from pciabi.result.verdict import Verdict


class Command(StrEnum):
    """Who asked: a report says what one reads it for."""

    RUN = "run"
    DIFF = "diff"
    GATE = "gate"


@dataclass(frozen=True)
class Result:
    """All entries of one command, in the order they were asked for. `started` is in UTC, `seconds`
    is wall time; `qemu` and `accelerator` are what every boot ran on, empty where each side has
    its own. `coverage` is what a gate was asked to judge, None of other commands."""

    command: Command
    entries: tuple[Entry, ...]
    started: datetime
    seconds: float
    tool_version: str
    qemu: str = ""
    accelerator: str = ""
    coverage: Coverage | None = None

    @property
    def comparisons(self) -> tuple[JudgedComparison, ...]:
        """Those of all entries."""
        return tuple(comparison for entry in self.entries for comparison in entry.comparisons)

    @property
    def two_sides(self) -> JudgedComparison:
        """The comparison of a command that holds two sides against each other."""
        (comparison,) = self.comparisons
        return comparison

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """All that was read: by every boot, or on both sides where nothing was booted."""
        boots = tuple(boot.snapshot for entry in self.entries for boot in entry.boots)
        sides = (side for one in self.comparisons for side in (one.before, one.after))
        refused = (entry.will_not_start for entry in self.entries)
        alone = (one.before.snapshot for one in refused if one is not None)
        return boots or (*(side.snapshot for side in sides), *alone)

    @property
    def verdict(self) -> Verdict:
        """The worst of the entries'. No entry at all is an error; a policy that fails by itself
        is a break."""
        found = verdicts.worst(entry.verdict for entry in self.entries)
        if self.coverage is not None and self.coverage.failures:
            return verdicts.worst((found, Verdict.BREAK))
        return found

    @property
    def exit_code(self) -> int:
        """The worst of the verdict's and the errors'."""
        errors = [entry.error for entry in self.entries if entry.error is not None]
        return worst([self.verdict.exit_code, *(error.exit_code for error in errors)])

    @property
    def exit_codes(self) -> tuple[int, ...]:
        """The command's own, and a break's beside it where something is proved to have broken:
        what could not be tested outranks that, but undoes it not."""
        policy = self.coverage.failures if self.coverage is not None else ()
        broken = any(entry.failures for entry in self.entries) or policy
        return (self.exit_code, Verdict.BREAK.exit_code) if broken else (self.exit_code,)


def of_two_sides(comparison: JudgedComparison, started: datetime, seconds: float) -> Result:
    """The result of a command that held two sides against each other and did nothing else."""
    subject = Subject("", comparison.title, Path(comparison.after.place.file))
    plan = Plan(comparisons=(comparison.terms,))
    entry = Entry(subject, (comparison,), None, seconds, plan=plan)
    return Result(Command.DIFF, (entry,), started, seconds, __version__)
