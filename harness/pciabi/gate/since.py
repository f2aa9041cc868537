"""Only what is new: what was so already at an earlier revision of the configurations fails
nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pciabi.abi.change import Change
from pciabi.errors import InputError, SourcePosition
from pciabi.gate.baselines import Key, key_of
from pciabi.gate.configurations import Unusable
from pciabi.gate.revision import contents_at
from pciabi.probe.host import Host
from pciabi.result.coverage import Remark
from pciabi.result.entry import Entry, Plan, Subject
from pciabi.result.judged import JudgedComparison, judge_comparison
from pciabi.result.policy import Policy
from pciabi.result.result import Result
from pciabi.result.side import Side
from pciabi.result.will_not_start import WillNotStart
from pciabi.source.naming import Named
from pciabi.source.request import Request
from pciabi.source.startable import Startable
from pciabi.source.vms import Vm, vms_in
from pciabi.vm.command_line.option import Option

EARLIER = "at revision"
"""The axis that tells a VM as it was from the one that it is. No scenario's has a space in it."""


@dataclass(frozen=True)
class EarlierVm:
    """A VM as it was at a revision."""

    vm: Vm
    ref: str

    @property
    def subject(self) -> Subject:
        """That of the VM today, told with its revision."""
        subject = self.vm.subject
        axes = (*subject.axes, (EARLIER, self.ref))
        return replace(subject, group=f"{subject.group} at {self.ref}", axes=axes)

    def options(self, request: Request, host: Host) -> tuple[Option, ...]:
        """See Vm."""
        return self.vm.options(request, host)

    def on(self, request: Request, host: Host) -> Startable[Any]:
        """See Vm."""
        return self.vm.on(request, host)

    def named(self, request: Request, host: Host) -> tuple[Named, ...]:
        """See Vm."""
        return self.vm.named(request, host)


@dataclass(frozen=True)
class Already:
    """Changes that were there before, as an excuse."""

    changes: frozenset[Change]
    ref: str

    def of(self, change: Change, _before: Side, _after: Side) -> str:
        """See Excuse."""
        return _words(self.ref) if change in self.changes else ""


def earlier(
    ref: str, vms: Sequence[Vm | Unusable], select: Mapping[str, frozenset[str]]
) -> tuple[EarlierVm | Unusable, ...]:
    """The VMs in the same files as they were at a revision, those of them that were there.

    Raises InputError and CannotTest as `contents_at`.
    """
    today = {key_of(vm.subject) for vm in vms if not isinstance(vm, Unusable)}
    paths = [vm.subject.file for vm in vms if not isinstance(vm, Unusable)]
    found: list[EarlierVm | Unusable] = []
    for path, raw in contents_at(ref, list(dict.fromkeys(paths))).items():
        if raw is None:
            continue
        try:
            there = vms_in(path, raw, select)
            found += (EarlierVm(vm, ref) for vm in there if key_of(vm.subject) in today)
        except InputError as error:
            subject = Subject(f"{path} at {ref}", "", path, axes=((EARLIER, ref),))
            found.append(Unusable(subject, error))
    return tuple(found)


def only_new(result: Result, ref: str) -> Result:
    """The result of VMs and of what they were earlier, as that of the VMs alone: what was so
    already is excused."""
    was: dict[Key, Entry] = {}
    now: list[Entry] = []
    for entry in result.entries:
        if EARLIER in dict(entry.subject.axes):
            was[key_of(entry.subject)] = entry
        else:
            now.append(entry)
    assert result.coverage is not None, "a gate's"
    remarks = (*result.coverage.remarks, *_unread(was.values(), ref))
    return replace(
        result,
        entries=tuple(_held_against(entry, was.get(key_of(entry.subject)), ref) for entry in now),
        coverage=replace(result.coverage, remarks=remarks),
    )


def _unread(entries: Iterable[Entry], ref: str) -> Iterator[Remark]:
    """What of the earlier VMs could not be judged: it excuses nothing."""
    for entry in entries:
        if entry.error is not None:
            place = entry.error.place or SourcePosition(str(entry.subject.file), 1)
            message = (
                f"at {ref} this could not be judged, so all that differs counts as new: "
                f"{entry.error.message}"
            )
            yield Remark(message, place)


def _held_against(entry: Entry, was: Entry | None, ref: str) -> Entry:
    """An entry with what was so already excused."""
    if was is None:
        return entry
    stopped = entry.will_not_start
    if stopped is not None and was.will_not_start is not None:
        excuse = _words(ref) if _is_same(stopped, was.will_not_start) else ""
        entry = replace(entry, will_not_start=replace(stopped, excuse=excuse))
    pairs = zip(entry.comparisons, was.comparisons, strict=False)
    comparisons = tuple(_judged_again(one, earlier, ref) for one, earlier in pairs)
    if len(comparisons) < len(entry.comparisons):
        return entry
    plan = Plan(comparisons=tuple(one.terms for one in comparisons))
    return replace(entry, comparisons=comparisons, plan=plan)


def _judged_again(now: JudgedComparison, was: JudgedComparison, ref: str) -> JudgedComparison:
    assert isinstance(now.terms, Policy), "a gate judges by one"
    already = Already(_there_before(now.changes, was.changes), ref)
    terms = replace(now.terms, excuses=(*now.terms.excuses, already))
    return judge_comparison(now.comparison, now.before, now.after, terms)


def _there_before(now: Sequence[Change], was: Sequence[Change]) -> frozenset[Change]:
    """The changes that were there before: of equal ones no more than there were, those in the
    same place first."""
    left = Counter(map(_what, was))
    in_place = {(_what(change), change.path_before) for change in was}
    found = []
    for change in sorted(now, key=lambda one: (_what(one), one.path_before) not in in_place):
        if left[_what(change)]:
            left[_what(change)] -= 1
            found.append(change)
    return frozenset(found)


def _what(change: Change) -> Hashable:
    """What a change is, wherever its device is."""
    return (
        *(change.kind, change.device, change.id, change.field, change.offset, change.mask),
        *(change.before, change.after, change.severity),
    )


def _is_same(now: WillNotStart, was: WillNotStart) -> bool:
    """Whether a VM was refused for no less: of the same things gone, or in the same words."""
    if not now.gone and not was.gone:
        return now.words == was.words
    gone, before = ({(one.what, one.name) for one in each.gone} for each in (now, was))
    return bool(gone) and gone <= before


def _words(ref: str) -> str:
    return f"already so at {ref}"
