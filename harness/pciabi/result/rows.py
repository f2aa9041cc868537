"""Equal changes of many VMs as one row: what the matrix of a gate is made of. Pure.

Two changes are equal where their kind, their field, both values and the type of the device are,
whatever the VM, the machine type and the device's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pciabi.abi.change import Change, Consequence, Outcome
from pciabi.abi.judgement import Severity
from pciabi.abi.naming import MACHINE_LABEL
from pciabi.result.cause import Cause
from pciabi.result.entry import Entry
from pciabi.result.judged import JudgedChange, JudgedComparison
from pciabi.vm.drift.drift import Drift

_SEVERITIES = list(Severity)


@dataclass(frozen=True)
class Sighting:
    """A change of one VM. `vm` counts the entries from 0; `machine` is its machine type, or both
    where the two sides have different ones, empty where neither tells."""

    vm: int
    machine: str
    judged: JudgedChange


@dataclass(frozen=True)
class Row:
    """Equal changes, at least one, in the order of the VMs, and why they came about: `causes` in
    the hypervisors, `drifts` in what two libvirts make of a domain. `device` is the type of the
    device that has changed, or what the machine as a whole is called."""

    device: str
    sightings: tuple[Sighting, ...]
    causes: tuple[Cause, ...]
    drifts: tuple[Drift, ...] = ()

    @property
    def change(self) -> Change:
        """One that stands for all of them: one of the worst severity."""
        changes = (sighting.judged.change for sighting in self.sightings)
        return min(changes, key=lambda change: _SEVERITIES.index(change.severity))

    @property
    def severity(self) -> Severity:
        """The worst of theirs: what else is known of a device may bear on how bad it is."""
        return self.change.severity

    @property
    def fails(self) -> bool:
        """Whether any VM fails because of it."""
        return any(sighting.judged.fails for sighting in self.sightings)

    @property
    def excuses(self) -> tuple[str, ...]:
        """Why some of them do not fail though they would have, each reason once."""
        excuses = (sighting.judged.excuse for sighting in self.sightings)
        return tuple(dict.fromkeys(excuse for excuse in excuses if excuse))

    @property
    def vms(self) -> tuple[int, ...]:
        """The VMs that have it, by number."""
        return tuple(dict.fromkeys(sighting.vm for sighting in self.sightings))

    @property
    def machines(self) -> tuple[str, ...]:
        """The machine types it was seen on."""
        machines = (sighting.machine for sighting in self.sightings)
        return tuple(dict.fromkeys(machine for machine in machines if machine))

    @property
    def devices(self) -> tuple[str, ...]:
        """What the devices are called that have it."""
        return tuple(dict.fromkeys(one.judged.change.label for one in self.sightings))

    @property
    def consequences(self) -> tuple[Consequence, ...]:
        """What guests make of it, each thing once."""
        changes = (sighting.judged.change for sighting in self.sightings)
        return tuple(dict.fromkeys(c for change in changes for c in change.consequences))

    @property
    def hurts(self) -> bool:
        """Whether it is known to hurt a guest system."""
        return any(one.outcome is Outcome.CHANGED for one in self.consequences)


@dataclass(frozen=True)
class SilentCause:
    """A cause of nothing that a guest sees, and the VMs that have it, by number."""

    cause: Cause
    vms: tuple[int, ...]


def rows(entries: Sequence[Entry]) -> tuple[Row, ...]:
    """All changes of these VMs, benign ones too: what fails first, then what is excused, worse
    before better, and of the same severity what hurts a guest, and what most VMs have."""
    return _rows(
        (vm, comparison, entry.causes)
        for vm, entry in enumerate(entries)
        for comparison in entry.comparisons
    )


def rows_of(comparison: JudgedComparison) -> tuple[Row, ...]:
    """The changes of one comparison by itself, its VM's number being 0."""
    return _rows([(0, comparison, ())])


def _rows(
    comparisons: Iterable[tuple[int, JudgedComparison, tuple[Cause, ...]]],
) -> tuple[Row, ...]:
    sightings: dict[tuple[str, ...], list[Sighting]] = {}
    causes: dict[tuple[str, ...], list[Cause]] = {}
    drifts: dict[tuple[str, ...], list[Drift]] = {}
    for vm, comparison, of_vm in comparisons:
        explained, machine = _by_change(of_vm), machine_types(comparison)
        for judged in comparison.judged_changes:
            key = _key(judged.change)
            sightings.setdefault(key, []).append(Sighting(vm, machine, judged))
            causes.setdefault(key, []).extend(explained.get(judged.change, ()))
            drifts.setdefault(key, []).extend(comparison.drifts_behind(judged.change))
    made = (
        Row(key[0], tuple(seen), _merged(causes[key]), _equal_once(drifts[key]))
        for key, seen in sightings.items()
    )
    return tuple(sorted(made, key=_weight))


@dataclass(frozen=True)
class SharedDrift:
    """A drift, the VMs of which it is told, by number, and whether it explains any change."""

    drift: Drift
    vms: tuple[int, ...]
    explains: bool


def shared_drifts(entries: Sequence[Entry]) -> tuple[SharedDrift, ...]:
    """What two libvirts make differently of these VMs, equal drifts of several VMs once."""
    seen: dict[tuple[str, ...], list[tuple[int, Drift, bool]]] = {}
    for vm, entry in enumerate(entries):
        for comparison in entry.comparisons:
            for one in comparison.drifts:
                sighting = vm, one.drift, bool(one.explains)
                seen.setdefault(_drift_key(one.drift), []).append(sighting)
    return tuple(
        SharedDrift(
            sightings[0][1],
            tuple(dict.fromkeys(vm for vm, _, _ in sightings)),
            any(explains for _, _, explains in sightings),
        )
        for sightings in seen.values()
    )


def _equal_once(drifts: Iterable[Drift]) -> tuple[Drift, ...]:
    return tuple({_drift_key(one): one for one in drifts}.values())


def _drift_key(drift: Drift) -> tuple[str, ...]:
    return drift.kind, drift.element, drift.field, drift.before, drift.after


def silent_causes(entries: Sequence[Entry]) -> tuple[SilentCause, ...]:
    """The causes that explain no change of any VM, equal ones of several VMs once."""
    explaining = {
        _cause_key(cause) for entry in entries for cause in entry.causes if cause.explains
    }
    vms: dict[tuple[str, ...], list[int]] = {}
    causes: dict[tuple[str, ...], list[Cause]] = {}
    for vm, entry in enumerate(entries):
        for cause in entry.causes:
            key = _cause_key(cause)
            if key not in explaining:
                vms.setdefault(key, []).append(vm)
                causes.setdefault(key, []).append(cause)
    return tuple(
        SilentCause(cause, tuple(dict.fromkeys(vms[key])))
        for key, equal in causes.items()
        for cause in _merged(equal)
    )


def machine_types(comparison: JudgedComparison) -> str:
    """The machine type of both sides, or `pc-q35-2.10 → pc-q35-7.2`."""
    sides = (comparison.before, comparison.after)
    machines = dict.fromkeys(side.snapshot.provenance.machine for side in sides)
    return " → ".join(machine for machine in machines if machine)


def _key(change: Change) -> tuple[str, ...]:
    # What QEMU calls the machine as a whole holds the machine type's name.
    device = MACHINE_LABEL if change.is_of_the_machine else change.device or change.label
    return device, change.kind, change.field, change.before, change.after


def _by_change(causes: Iterable[Cause]) -> dict[Change, list[Cause]]:
    found: dict[Change, list[Cause]] = {}
    for cause in causes:
        for change in cause.explains:
            found.setdefault(change, []).append(cause)
    return found


def _cause_key(cause: Cause) -> tuple[str, ...]:
    return cause.origin, cause.name, cause.before, cause.after


def _merged(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Equal causes as one, with the machine types of all of them, and with no changes: the row
    has those."""
    merged: dict[tuple[str, ...], Cause] = {}
    for cause in causes:
        known = merged.setdefault(_cause_key(cause), replace(cause, explains=(), machines=()))
        machines = tuple(dict.fromkeys((*known.machines, *cause.machines)))
        merged[_cause_key(cause)] = replace(known, machines=machines)
    return tuple(merged.values())


def _weight(row: Row) -> tuple[object, ...]:
    severity = _SEVERITIES.index(row.severity)
    return (
        not row.fails,
        not row.excuses,
        severity,
        not row.hurts,
        # What the machine as a whole does to a guest concerns every device of it.
        row.hurts and row.device != MACHINE_LABEL,
        -len(row.vms),
        row.change.kind.place,
        row.device,
    )


def weighty(rows: Iterable[Row]) -> Iterator[Row]:
    """Those that are a part of the hardware, or that fail or would."""
    return (row for row in rows if row.fails or row.excuses or row.severity is not Severity.BENIGN)
