"""What a run found out. Data only; every report is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pciabi.abi.change import Change
from pciabi.abi.unknown import Unknown
from pciabi.abi.verdict import Verdict
from pciabi.errors import PciabiError, SourcePosition, worst
from pciabi.probe.boot import BootRecord
from pciabi.scenario.case import Aspect, Case


@dataclass(frozen=True)
class JudgedChange:
    """A change and whether the scenario had it coming."""

    change: Change
    expected: bool


@dataclass(frozen=True)
class Failure:
    """An expectation that was not met, in one sentence. `device_id` is None for a built-in."""

    device_id: str | None
    aspect: Aspect
    message: str
    position: SourcePosition


@dataclass(frozen=True)
class ComparisonResult:
    """Two boots of a case (indices into its boots), compared and judged. `unknowns` are what
    they leave open."""

    before: int
    after: int
    removed: frozenset[str]
    added: frozenset[str]
    changes: tuple[JudgedChange, ...]
    unknowns: tuple[Unknown, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class RefusalResult:
    """A start that QEMU had to refuse. `blamed` is the id of the device it complained about,
    and `words` what it said; both are None where it started."""

    blamed: str | None
    words: str | None
    command_line: tuple[str, ...]
    failure: Failure | None


@dataclass(frozen=True)
class CaseResult:
    """A case that was run. `boots` are those that succeeded, in order, `refusals` the starts
    that were tried; `error` ended it early.

    `seconds` is wall time.
    """

    case: Case
    boots: tuple[BootRecord, ...]
    comparisons: tuple[ComparisonResult, ...]
    error: PciabiError | None
    seconds: float
    refusals: tuple[RefusalResult, ...] = ()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every expectation that was not met."""
        return (
            *(f for comparison in self.comparisons for f in comparison.failures),
            *(refusal.failure for refusal in self.refusals if refusal.failure is not None),
        )

    @property
    def verdict(self) -> Verdict:
        """`compatible` only when every boot, comparison and refusal was made and held."""
        made = (self.boots, self.comparisons, self.refusals)
        wanted = (self.case.boots, self.case.comparisons, self.case.refusals)
        whole = [len(part) for part in made] == [len(part) for part in wanted]
        if self.error is not None or not whole:
            return Verdict.ERROR
        return Verdict.BREAK if self.failures else Verdict.COMPATIBLE


@dataclass(frozen=True)
class RunResult:
    """All cases of one run, in the order they were asked for. `started` is in UTC."""

    cases: tuple[CaseResult, ...]
    started: datetime
    seconds: float
    tool_version: str
    qemu: str
    accelerator: str

    @property
    def verdict(self) -> Verdict:
        """The worst of the cases': an error outranks a break. No case at all is an error."""
        verdicts = {case.verdict for case in self.cases} or {Verdict.ERROR}
        for verdict in (Verdict.ERROR, Verdict.BREAK):
            if verdict in verdicts:
                return verdict
        return Verdict.COMPATIBLE

    @property
    def exit_code(self) -> int:
        """The worst of the cases' and the verdict's."""
        of_verdict = {Verdict.ERROR: 3, Verdict.BREAK: 1, Verdict.COMPATIBLE: 0}[self.verdict]
        errors = [case.error for case in self.cases if case.error is not None]
        return worst([of_verdict, *(error.exit_code for error in errors)])
