"""Every VM on both sides, and what came of each."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pciabi import __version__
from pciabi.errors import CannotTest, InputError, PciabiError, Refusal, SourcePosition
from pciabi.events import Ended, Planned
from pciabi.gate.causes import causes
from pciabi.gate.configurations import Unusable
from pciabi.gate.floating import floating
from pciabi.gate.following import follow, telling_what_is_not_judged
from pciabi.gate.knowledge import Knowledge
from pciabi.gate.pending import Outcome, Pending, Recorded, begin
from pciabi.gate.question import Question, Trial
from pciabi.gate.starting import Means, explained, refused_unasked
from pciabi.gate.workers import Workers
from pciabi.jobs.shared_readings import SharedReadings
from pciabi.probe.host import Host, names_a_libvirt
from pciabi.result.coverage import Coverage, Remark, Skipped
from pciabi.result.entry import Entry, Plan
from pciabi.result.judged import judge
from pciabi.result.result import Command, Result
from pciabi.result.side import Side
from pciabi.result.will_not_start import WillNotStart
from pciabi.source.request import Request
from pciabi.system_faults import unforeseen


def run(question: Question, skipped: tuple[Skipped, ...], host: Host, workers: Workers) -> Result:
    """Read every VM on both sides, and judge what differs.

    Whatever is wrong with one VM is in its entry. Raises InputError or CannotTest where a QEMU is
    not to be had at all, Interrupted.
    """
    started = datetime.now(UTC)
    baselines = question.baselines
    before = baselines.name if baselines is not None else _name(question.before, host)
    names = before, _name(question.after, host)
    trials = question.trials
    host.tell(Planned(len(trials)))
    sides = _Sides(question, workers)
    knowledge = Knowledge(host)
    means = Means(host, sides.readings, knowledge, question.terms, question.families)
    entries: list[Entry] = []
    titles = [trial.subject.title for trial in trials]
    with telling_what_is_not_judged(titles, entries, host.tell):
        begun = [_begin(trial, host, sides) for trial in trials]
        follow(frozenset(future for one in begun for future in one.futures), host.tell)
        for entry in _entries(begun, means):
            entries.append(entry)
            host.tell(Ended(entry))
    coverage = Coverage(
        *names,
        skipped=skipped,
        read=sides.made,
        shared=sides.shared,
        remarks=tuple(_remarks(question, entries, knowledge)),
    )
    seconds = (datetime.now(UTC) - started).total_seconds()
    return Result(Command.GATE, tuple(entries), started, seconds, __version__, coverage=coverage)


def _remarks(question: Question, entries: list[Entry], knowledge: Knowledge) -> Iterator[Remark]:
    if not question.names_machine_types:
        yield from floating(entries)
    if entries:
        yield from knowledge.remarks(SourcePosition(str(entries[0].subject.file), 1))


class _Sides:
    """The readings of either side. VMs share them, the two sides do not: a QEMU that is held
    against itself is read twice."""

    def __init__(self, question: Question, workers: Workers) -> None:
        self._before = question.before
        self._of_before = SharedReadings(workers.executor, workers.carry_out)
        self._of_after = SharedReadings(workers.executor, workers.carry_out)

    def readings(self, request: Request) -> SharedReadings:
        """Those of the side that a request is about."""
        return self._of_before if request is self._before else self._of_after

    @property
    def made(self) -> int:
        """How many machines were started."""
        return self._of_before.made + self._of_after.made

    @property
    def shared(self) -> int:
        """How many readings served a further VM, or the way back."""
        return self._of_before.shared + self._of_after.shared


@dataclass(frozen=True)
class _Begun:
    """A trial whose VM is being read on both sides; none of a VM that cannot be."""

    trial: Trial
    before: Pending | Recorded | None
    after: Pending | Recorded | None

    @property
    def futures(self) -> tuple[Future[Any], ...]:
        """Its readings."""
        sides = (side for side in (self.before, self.after) if isinstance(side, Pending))
        return tuple(side.future for side in sides if side.future is not None)


def _begin(trial: Trial, host: Host, sides: _Sides) -> _Begun:
    if isinstance(trial.vm, Unusable):
        return _Begun(trial, None, None)
    before, after = (
        Recorded(side)
        if isinstance(side, Side)
        else begin(trial.vm, side, host, sides.readings(side))
        for side in (trial.baseline or trial.before, trial.after)
    )
    return _Begun(trial, before, after)


def _entries(begun: list[_Begun], means: Means) -> Iterator[Entry]:
    for one in begun:
        if one.before is None or one.after is None:
            assert isinstance(one.trial.vm, Unusable)
            yield Entry(one.trial.subject, (), one.trial.vm.error, 0.0)
        else:
            before, after = one.before.outcome(), one.after.outcome()
            try:
                entry = _entry(one.trial, before, after, means)
            except Exception as error:  # noqa: BLE001 - what fails of one VM stops no other
                seconds = before.seconds + after.seconds
                entry = Entry(one.trial.subject, (), unforeseen(error), seconds)
            yield entry


def _entry(trial: Trial, before: Outcome, after: Outcome, means: Means) -> Entry:
    seconds = before.seconds + after.seconds
    match before.side, after.side:
        case Side() as old, Side() as new:
            return _compared(trial, old, new, means, seconds)
        case Side() as old, Refusal() as refusal:
            return _refused(trial, old, refusal, means, seconds)
        case InputError() as refusal, Side():
            return Entry(trial.subject, (), _of_the_old_side(refusal), seconds)
        case _:
            return Entry(trial.subject, (), _first(before, after), seconds)


def _refused(trial: Trial, old: Side, refusal: Refusal, means: Means, seconds: float) -> Entry:
    assert not isinstance(trial.vm, Unusable), "it was begun"
    why = explained(trial, trial.vm, old, refusal, means)
    if isinstance(why, WillNotStart):
        return Entry(trial.subject, (), None, seconds, will_not_start=why)
    return Entry(trial.subject, (), why, seconds)


def _compared(trial: Trial, old: Side, new: Side, means: Means, seconds: float) -> Entry:
    plan = Plan(comparisons=(means.terms,))
    try:
        refusal = refused_unasked(trial, old, means)
        comparison = judge(old, new, means.terms, means.families)
    except CannotTest as error:
        return Entry(trial.subject, (), error, seconds, plan=plan)
    why = causes(comparison, means.knowledge.machine_types(trial, comparison))
    found = (comparison,)
    return Entry(trial.subject, found, None, seconds, plan=plan, causes=why, will_not_start=refusal)


def _of_the_old_side(refusal: InputError) -> InputError:
    """What only the later side starts was no VM of the earlier one's."""
    refusal.message = f"only the later side starts it: {refusal.message}"
    return refusal


def _first(before: Outcome, after: Outcome) -> PciabiError:
    """The error to name: bad input before what could not be carried out, the earlier side's
    first."""
    errors = [error for error in (before.error, after.error) if error is not None]
    if all(isinstance(error, Refusal) for error in errors) and len(errors) > 1:
        errors[0].message = f"neither side starts it: {errors[0].message}"
    return min(errors, key=lambda error: not isinstance(error, InputError))


def _name(request: Request, host: Host) -> str:
    """The version line of a side's QEMU, with the exact package where that names it, behind the
    libvirt that runs it where one was named, and the machine type and the firmware that the user
    gave."""
    words = [host.qemu(request.qemu).version_line]
    if names_a_libvirt(request.qemu):
        words.insert(0, host.libvirt(request.qemu).version_line)
    if request.machine is not None:
        words.append(f"machine type {request.machine}")
    if request.firmware is not None:
        words.append(f"firmware of {request.firmware}")
    return ", ".join(words)
