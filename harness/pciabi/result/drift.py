"""What two libvirts made differently of one domain, and which changes that led to. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.abi.change import Change
from pciabi.abi.compare import Comparison
from pciabi.abi.deciding import decided_by
from pciabi.abi.facts import properties
from pciabi.abi.facts.topology import APPEARED, MOVED, RENUMBERED, VANISHED
from pciabi.vm.drift.between import drifts
from pciabi.vm.drift.drift import GLOBAL, MACHINE_TYPE, Drift, Kind
from pciabi.vm.drift.made_domain import MadeDomain

_TOPOLOGY = frozenset({MOVED, RENUMBERED, VANISHED, APPEARED})
_PRESENCE = frozenset({VANISHED, APPEARED})
# Where one of these differs, the buses behind others may be numbered anew.
_BRIDGE = "controller pci"
# What of a command line is about a device as a whole.
_WHOLE_DEVICE = frozenset({"", "driver"})


@dataclass(frozen=True)
class ExplainedDrift:
    """A drift, and the changes of the hardware that are due to it: none where no guest sees
    anything of it."""

    drift: Drift
    explains: tuple[Change, ...]


def explained(
    before: MadeDomain | None, after: MadeDomain | None, comparison: Comparison
) -> tuple[ExplainedDrift, ...]:
    """What two libvirts made differently, those that explain something first; nothing where a side
    is not of a libvirt's making, or where they were not given the same domain: what its owner has
    changed is none of theirs."""
    if before is None or after is None or before.given != after.given:
        return ()
    every = (ExplainedDrift(one, _due_to(one, comparison)) for one in drifts(before, after))
    return tuple(sorted(every, key=lambda one: not one.explains))


def _due_to(drift: Drift, comparison: Comparison) -> tuple[Change, ...]:
    return tuple(
        change
        for change in comparison.changes
        if (change.id in drift.ids and _may_lead_to(drift, change, comparison))
        or (change.kind == RENUMBERED and _is_of_a_bridge(drift))
        or _is_of_the_machine(drift, change, comparison)
    )


def _is_of_the_machine(drift: Drift, change: Change, comparison: Comparison) -> bool:
    """Whether a change is due to what is said of no one device: a machine type is another one in
    every device, a `-global` in every device of its type."""
    if drift.ids:
        return False
    if drift.field == MACHINE_TYPE:
        return True
    driver, _, name = drift.field.removeprefix(GLOBAL).rpartition(".")
    is_global = drift.field.startswith(GLOBAL) and change.device == driver
    return is_global and _decides(name, change, comparison)


def _may_lead_to(drift: Drift, change: Change, comparison: Comparison) -> bool:
    match drift.kind:
        case Kind.ALLOCATION:
            return change.kind in _TOPOLOGY
        case Kind.IMPLICIT:
            return change.kind in _PRESENCE
        case Kind.MODEL:
            return True
        case Kind.ATTRIBUTE:
            return change.kind not in _TOPOLOGY
        case Kind.COMMAND_LINE if drift.field in _WHOLE_DEVICE:
            return True
        case Kind.COMMAND_LINE:
            return _decides(drift.field, change, comparison)


def _decides(name: str, change: Change, comparison: Comparison) -> bool:
    """Whether a property is what has changed, or decides it."""
    if change.kind == properties.CHANGED:
        return properties.name_in(change.field) == name
    pairs = (pair for pair in comparison.matching.pairs if pair.after.path == change.path_after)
    return any(decided_by(name, pair).is_about(change.field) for pair in pairs)


def _is_of_a_bridge(drift: Drift) -> bool:
    return drift.kind in (Kind.ALLOCATION, Kind.IMPLICIT) and drift.element.startswith(_BRIDGE)
