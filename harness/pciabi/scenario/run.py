"""Runs cases on real QEMU. The command line and the pytest plugin both call this."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from pciabi import __version__
from pciabi.errors import CannotTest, InputError, PciabiError
from pciabi.events import Ended, Planned, Said, Tell
from pciabi.jobs.readers import Reader, on_this_host, side_by_side
from pciabi.probe.guest_host import GuestHost
from pciabi.qemu.accelerator import Accelerator
from pciabi.qemu.binary import Binary
from pciabi.result.boot import BootRecord
from pciabi.result.entry import Entry, RefusalResult
from pciabi.result.judged import JudgedComparison
from pciabi.result.result import Command, Result
from pciabi.scenario import plan
from pciabi.scenario.case import Case
from pciabi.scenario.judge import judge
from pciabi.scenario.observable import (
    must_be_found_once,
    must_be_observable,
    must_have_been_found,
)
from pciabi.scenario.refuse import judge as judge_attempt


@dataclass(frozen=True)
class Runner:
    """Runs cases on the QEMU of a name: it plans them on this host, has their tasks carried out
    by the reader, and tells of them."""

    qemu: str | None
    host: GuestHost
    reader: Reader
    tell: Tell

    def prepare(self) -> tuple[Binary, Accelerator]:
        """Find QEMU, prove the accelerator, and say so. Raises CannotTest, InputError,
        Interrupted."""
        binary = self.host.qemu(self.qemu)
        accelerator = self.host.accelerator(binary)
        self.tell(Said(f"{binary.version_line}; {accelerator.reason}"))
        return binary, accelerator

    def run_case(self, case: Case) -> Entry:
        """One case: the starts that must be refused, its boots one after the other, and its
        comparisons."""
        clock = time.monotonic()
        refusals: list[RefusalResult] = []
        boots: list[BootRecord] = []
        comparisons: list[JudgedComparison] = []
        error: PciabiError | None = None
        try:
            refusals.extend(self._refusals(case))
            boots.extend(self._boots(case))
            for comparison in case.comparisons:
                before, after = boots[comparison.before], boots[comparison.after]
                must_have_been_found(comparison, before.snapshot, after.snapshot)
                comparisons.append(judge(case, comparison, before.snapshot, after.snapshot))
            must_be_found_once(case, [record.snapshot for record in boots])
        except (InputError, CannotTest) as caught:
            # What a request to stop has ended has failed in no way of its own.
            self.host.cancellation.check()
            error = caught
        result = Entry(
            subject=case.subject,
            comparisons=tuple(comparisons),
            error=error,
            seconds=time.monotonic() - clock,
            boots=tuple(boots),
            refusals=tuple(refusals),
            plan=case.plan,
        )
        self.tell(Ended(result))
        return result

    def _refusals(self, case: Case) -> Iterator[RefusalResult]:
        tasks = plan.attempts(case, self.qemu)
        for refusal, task in zip(case.refusals, tasks, strict=True):
            yield judge_attempt(refusal, self.reader.read(task))

    def _boots(self, case: Case) -> Iterator[BootRecord]:
        if not case.boots:
            return
        guest = self.host.guest(case.image)
        equipped = plan.equipment(case, self.host.qemu(self.qemu))
        must_be_observable(case, equipped)
        for task in plan.boots(case, self.qemu, guest, equipped):
            yield self.reader.read(task)


def run(
    cases: Sequence[Case], qemu: str | None, guests: int, host: GuestHost, tell: Tell
) -> Result:
    """Run every case on the QEMU of that name and judge it, so many guests at once. Results come
    in the order of `cases`.

    Raises CannotTest when nothing can be run at all, Interrupted when asked to stop; what goes
    wrong in one case is in that case's result.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    with on_this_host(host, guests) as reader:
        runner = Runner(qemu, host, reader, tell)
        binary, accelerator = runner.prepare()
        tell(Planned(len(cases)))
        for recipe in sorted({case.image for case in cases if case.boots}):
            host.prepare(recipe)
        results = side_by_side([partial(runner.run_case, case) for case in cases], guests)
    return Result(
        command=Command.RUN,
        entries=results,
        started=started,
        seconds=time.monotonic() - clock,
        tool_version=__version__,
        qemu=binary.version_line,
        accelerator=accelerator.reason,
    )
