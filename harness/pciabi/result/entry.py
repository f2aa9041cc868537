"""One thing that a command was asked to judge, and how that ended. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pciabi.errors import PciabiError
from pciabi.result.boot import BootRecord
from pciabi.result.cause import Cause
from pciabi.result.expectations import Expectation, Expectations
from pciabi.result.failure import Failure
from pciabi.result.judged import JudgedComparison
from pciabi.result.terms import Terms
from pciabi.result.verdict import Verdict, worst
from pciabi.result.will_not_start import WillNotStart
from pciabi.vm.config import Device


@dataclass(frozen=True)
class Subject:
    """What an entry is about: `name` is unique in its `group`, such as a case in its scenario;
    `axes` are what tells it from the others there. `direction` tells the way back from the way
    there, where a VM is judged both ways, and is empty otherwise."""

    group: str
    name: str
    file: Path
    summary: str = ""
    axes: tuple[tuple[str, str], ...] = ()
    direction: str = ""

    @property
    def title(self) -> str:
        """`group[name]`, or the one that is not empty, with the direction behind it."""
        both = f"{self.group}[{self.name}]" if self.group and self.name else ""
        direction = f" ({self.direction})" if self.direction else ""
        return f"{both or self.group or self.name}{direction}"


@dataclass(frozen=True)
class PlannedBoot:
    """A boot that was to be made, and the devices that were to join it while it runs."""

    label: str
    plugged: tuple[Device, ...]


@dataclass(frozen=True)
class Plan:
    """All that was to be done for an entry: boots, comparisons by these terms, and how many
    starts that QEMU had to refuse."""

    boots: tuple[PlannedBoot, ...] = ()
    comparisons: tuple[Terms, ...] = ()
    refusals: int = 0

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """Every one, of all comparisons; none where a policy judges."""
        terms = (terms for terms in self.comparisons if isinstance(terms, Expectations))
        return tuple(expectation for one in terms for expectation in one.expectations)

    @property
    def is_control(self) -> bool:
        """Whether the entry holds only if something is seen to change."""
        return any(expectation.changed for expectation in self.expectations)


@dataclass(frozen=True)
class RefusalResult:
    """A start that QEMU had to refuse on account of a device, in words that hold `saying`.

    `blamed` is the id of the device it complained about, and `words` what it said; both are None
    where it started.
    """

    device_id: str
    saying: str
    blamed: str | None
    words: str | None
    command_line: tuple[str, ...]
    failure: Failure | None


@dataclass(frozen=True)
class Entry:
    """What came of one thing that was to be judged. `boots` are those that succeeded, in order,
    `refusals` the starts that were tried; `error` ended it early. `will_not_start` says of a VM
    that the later hypervisor refuses why; then there is no comparison, but where it is refused for
    an option that does not shape its hardware. `causes` are why the later
    side of a comparison is another one.

    `seconds` is wall time.
    """

    subject: Subject
    comparisons: tuple[JudgedComparison, ...]
    error: PciabiError | None
    seconds: float
    boots: tuple[BootRecord, ...] = ()
    refusals: tuple[RefusalResult, ...] = ()
    plan: Plan = field(default_factory=Plan)
    will_not_start: WillNotStart | None = None
    causes: tuple[Cause, ...] = ()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that was to be otherwise."""
        return (
            *(self.will_not_start.failures if self.will_not_start is not None else ()),
            *(f for comparison in self.comparisons for f in comparison.failures),
            *(refusal.failure for refusal in self.refusals if refusal.failure is not None),
        )

    @property
    def verdict(self) -> Verdict:
        """`compatible` only when all that was planned was made and held."""
        if self.error is not None or not self._is_whole:
            return Verdict.ERROR
        if self.will_not_start is not None and self.will_not_start.failures:
            return Verdict.WILL_NOT_START
        refused = Verdict.BREAK if any(r.failure for r in self.refusals) else Verdict.COMPATIBLE
        return worst([refused, *(comparison.verdict for comparison in self.comparisons)])

    @property
    def _is_whole(self) -> bool:
        made = len(self.boots), len(self.comparisons), len(self.refusals)
        plan = self.plan
        return made == (len(plan.boots), len(plan.comparisons), plan.refusals)


def expectations_of(comparison: JudgedComparison) -> Expectations:
    """The expectations that a comparison of two boots was judged by."""
    assert isinstance(comparison.terms, Expectations), "two boots are judged by expectations"
    return comparison.terms
