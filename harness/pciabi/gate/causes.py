"""Why the later side shows another machine: properties, what machine types set, allocation. Pure.

A cause is tied to the changes of its device that are due to it. One that no change is due to stands
too, so that it can be counted: nobody sees it, today.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from pciabi.abi.change import Change
from pciabi.abi.deciding import decided_by
from pciabi.abi.difference import ABSENT
from pciabi.abi.facts import properties
from pciabi.abi.facts.topology import MOVED, RENUMBERED
from pciabi.abi.judgement import Severity
from pciabi.abi.pair import Pair
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.gate.compat import Differing, MachineTypes
from pciabi.pci.address import TopologyPath
from pciabi.pci.facts import UNREAD
from pciabi.result.cause import Cause, Origin
from pciabi.result.judged import JudgedComparison

_Place = tuple[TopologyPath | None, TopologyPath | None]


def causes(comparison: JudgedComparison, machines: MachineTypes) -> tuple[Cause, ...]:
    """Why the sides of a comparison differ: what the allocation did first, then what machine types
    set, then properties; those that explain something first."""
    devices = tuple(_devices(comparison))
    found = (
        *_allocations(comparison),
        *_compat_properties(devices, machines),
        *(cause for device in devices for cause in _properties(device)),
    )
    return tuple(sorted(found, key=lambda cause: not cause.explains))


@dataclass(frozen=True)
class _Device:
    """A device that both sides have, what it is called, and its changes."""

    pair: Pair
    label: str
    changes: tuple[Change, ...]

    def due_to(self, name: str) -> tuple[Change, ...]:
        """The changes that a guest sees and that a property decides; where the property itself is
        told as one that matters, that too."""
        decides = decided_by(name, self.pair)
        return tuple(
            change
            for change in self.changes
            if (
                decides.is_about(change.field)
                if change.kind != properties.CHANGED
                else change.severity is not Severity.BENIGN
                and properties.name_in(change.field) == name
            )
        )

    def may_differ_in(self, name: str) -> bool:
        """Whether a property may have another value: it is seen to, or was not read on a side."""
        sides = (self.pair.before, self.pair.after)
        if any(side.facts.get(properties.KEY) is UNREAD for side in sides):
            return True
        return any(
            change.kind == properties.CHANGED and properties.name_in(change.field) == name
            for change in self.changes
        )


def _devices(comparison: JudgedComparison) -> Iterator[_Device]:
    by_place: dict[_Place, list[Change]] = {}
    for change in comparison.changes:
        by_place.setdefault((change.path_before, change.path_after), []).append(change)
    for pair in comparison.matching.pairs:
        changes = tuple(by_place.get((pair.before.path, pair.after.path), ()))
        yield _Device(pair, comparison.name_of(pair), changes)


def _properties(device: _Device) -> Iterator[Cause]:
    for change in device.changes:
        name = properties.name_in(change.field) if change.kind == properties.CHANGED else None
        if name is not None:
            whose = change.device or device.label
            explains = device.due_to(name)
            yield Cause(
                Origin.PROPERTY,
                f"{whose}.{name}",
                device.label,
                _told(change.before),
                _told(change.after),
                explains,
            )


def _told(value: str) -> str:
    """The value of a property, empty where a side does not have it."""
    return "" if value == ABSENT else value


def _compat_properties(devices: tuple[_Device, ...], machines: MachineTypes) -> Iterator[Cause]:
    """Those that explain something by device; the others once each, with all devices."""
    unseen: dict[Cause, list[str]] = {}
    for device in devices:
        for one in machines.differing(device.pair.before.device, device.pair.after.device):
            name = one.setting.name
            explains = device.due_to(name) if device.may_differ_in(name) else ()
            cause = _set_by_machines(one, device, explains)
            if explains:
                yield cause
            elif machines.are_known:
                unseen.setdefault(replace(cause, device=""), []).append(device.label)
    for cause, labels in unseen.items():
        yield replace(cause, device=", ".join(labels))


def _set_by_machines(one: Differing, device: _Device, explains: tuple[Change, ...]) -> Cause:
    """The cause, with the values in force where they are seen to differ, else those that are
    set: the configuration may override them."""
    name = one.setting.name
    before, after = (_value(side, name) for side in (device.pair.before, device.pair.after))
    if before is None or after is None or before == after:
        before, after = one.before, one.after
    return Cause(
        Origin.COMPAT_PROPERTY,
        one.setting.words,
        device.label,
        before,
        after,
        explains,
        one.machines,
    )


def _value(function: PlacedFunction, name: str) -> str | None:
    """The value in force of a property, None where nobody read it."""
    read = function.facts.get(properties.KEY)
    return None if read is UNREAD else dict(read).get(name)


def _allocations(comparison: JudgedComparison) -> Iterator[Cause]:
    """Devices that moved though their configuration does not say where they belong."""
    drifts = [
        (unpinned, change)
        for change in comparison.changes
        if change.kind in (MOVED, RENUMBERED)
        if (unpinned := _unpinned(change, comparison)) is not None
    ]
    drifts.sort(key=lambda drift: drift[0])
    for path, group in groupby(drifts, key=lambda drift: drift[0]):
        changes = tuple(change for _, change in group)
        own = next((one for one in changes if one.path_before == path), None)
        function = comparison.before.snapshot.at_path(path)
        label = comparison.before.name_of(function) if function is not None else str(path)
        before, after = _where(own) if own is not None else (str(path), "")
        yield Cause(Origin.ALLOCATION, label, label, before, after, changes)


def _where(change: Change) -> tuple[str, str]:
    before, after = str(change.address_before), str(change.address_after)
    if before == after:
        return str(change.path_before), str(change.path_after)
    return before, after


def _unpinned(change: Change, comparison: JudgedComparison) -> TopologyPath | None:
    """Where the earlier side has the device, or else the nearest bridge above it, that nothing
    pins; None where all is pinned, or nobody knows."""
    path = change.path_before
    if path is None:
        return None
    pinned = _pins(comparison.before.snapshot)
    hops = range(len(path.hops), 0, -1)
    above = (TopologyPath(path.root, path.hops[:count]) for count in hops)
    return next((one for one in above if pinned.get(one) is False), None)


def _pins(snapshot: Snapshot) -> Mapping[TopologyPath, bool]:
    return {creation.path: creation.pinned for creation in snapshot.creations}
