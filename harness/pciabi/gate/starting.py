"""A VM that the earlier QEMU starts and the later one refuses: what is gone, and what could take
the place of a machine type that is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pciabi.errors import CannotTest, PciabiError, Refusal
from pciabi.gate.gone import Refused, Vocabularies, gone, refused_value, types_to_ask
from pciabi.gate.knowledge import Knowledge
from pciabi.gate.lost_options import lost_options, words_of
from pciabi.gate.pending import Outcome, Pending, begin
from pciabi.gate.question import Trial
from pciabi.gate.replacement_types import ReplacementType, replacement_types
from pciabi.jobs.shared_readings import SharedReadings
from pciabi.probe.host import Host
from pciabi.qemu.inert.machine import type_for
from pciabi.result.judged import JudgedComparison, judge
from pciabi.result.side import Side
from pciabi.result.terms import Terms
from pciabi.result.will_not_start import Gone, Missing, Replacement, WillNotStart
from pciabi.source.request import Request
from pciabi.source.vms import Vm
from pciabi.vm.machine_calendar import Release


@dataclass(frozen=True)
class Means:
    """What a refusal is explained with: the host, whose readings those of a request are, what the
    QEMUs know, and by which terms and families of facts replacements are compared."""

    host: Host
    readings: Callable[[Request], SharedReadings]
    knowledge: Knowledge
    terms: Terms
    families: frozenset[str]


def explained(
    trial: Trial, vm: Vm, old: Side, refusal: Refusal, means: Means
) -> WillNotStart | Refusal:
    """Why the later QEMU of a trial refuses a VM that the earlier one has read as `old`; the
    refusal itself where it is about a machine type that the user named for the later side.

    Where a QEMU cannot be asked what it knows, the refusal's words alone tell. Raises Interrupted.
    """
    place = refusal.place or old.place
    if refusal.refused_by:
        return WillNotStart(old, refusal.refused_by, refusal.words, place)
    qemu = means.host.qemu(trial.after.qemu)
    stopped = WillNotStart(old, qemu.version_line, refusal.message, place)
    named = vm.named(trial.after, means.host)
    machine = old.snapshot.provenance.machine
    types = types_to_ask(named, machine)
    try:
        known = means.knowledge.with_properties(trial.after.qemu, types)
        lost = lost_options(trial, old, means.knowledge, means.host)
    except CannotTest:
        means.host.cancellation.check()
        return stopped
    both = Vocabularies(means.knowledge.behind(trial.before, old, types), known)
    wanted = trial.after.machine
    if wanted is not None and both.new.machine(type_for(wanted, qemu.banner)) is None:
        return refusal
    devices = (one.device for one in old.snapshot.functions if one.device is not None)
    missing = (*gone(named, Refused(machine, frozenset(devices), place), both), *lost)
    if all(one.place != place for one in missing):
        missing = (*missing, *refused_value(named, place))
    return replace(
        stopped,
        gone=missing,
        replacements=tuple(_replacements(trial, vm, old, missing, both, means)),
    )


def refused_unasked(trial: Trial, old: Side, means: Means) -> WillNotStart | None:
    """Why the later QEMU of a trial refuses a VM though it takes what shapes its hardware, which is
    all that it was asked to; None where it does not. Raises CannotTest, Interrupted."""
    lost = lost_options(trial, old, means.knowledge, means.host)
    if not lost:
        return None
    qemu = means.host.qemu(trial.after.qemu)
    return WillNotStart(old, qemu.version_line, words_of(lost), lost[0].place, lost)


def _replacements(
    trial: Trial,
    vm: Vm,
    old: Side,
    missing: tuple[Gone, ...],
    both: Vocabularies,
    means: Means,
) -> Iterator[Replacement]:
    if not any(one.what is Missing.MACHINE_TYPE for one in missing):
        return
    release = Release(*means.host.qemu(trial.after.qemu).version[:2])
    machine = old.snapshot.provenance.machine
    types = replacement_types(machine, both.new.machines, release)
    begun = [_begin(vm, replace(trial.after, machine=one.machine), means) for one in types]
    for one, pending in zip(types, begun, strict=True):
        yield _replacement(one, old, pending.outcome(), means)


def _begin(vm: Vm, request: Request, means: Means) -> Pending:
    return begin(vm, request, means.host, means.readings(request))


def _replacement(one: ReplacementType, old: Side, outcome: Outcome, means: Means) -> Replacement:
    comparison: JudgedComparison | None = None
    error: PciabiError | None = None
    if isinstance(outcome.side, Side):
        try:
            comparison = judge(old, outcome.side, means.terms, means.families)
        except CannotTest as broken:
            error = broken
    else:
        error = outcome.side
    return Replacement(one.machine, one.choice, one.deprecated, one.ends, comparison, error)
