"""What two snapshots leave open about their devices: never a change, and never equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pciabi.abi.bar_differences import BarFacts, bars, rom, shown_size
from pciabi.abi.matching import Pair, match
from pciabi.abi.naming import label
from pciabi.abi.reading import Part, reading
from pciabi.abi.snapshot import PlacedFunction, Snapshot, Substitution
from pciabi.pci import registers as reg
from pciabi.pci.address import GuestAddress
from pciabi.pci.config_space import decode
from pciabi.pci.function import Fact

_NOT_IN_TEXT = "lspci's text does not show it"
_NO_SIZE = "its size was not read"
_ONLY_BOOT = "only a boot shows it"
_NETWORK_CLASS = 0x02


@dataclass(frozen=True)
class Unknown:
    """One thing about one device that at least one side could not read.

    `why_before` and `why_after` say why not, and are empty on a side that read it. `excused`:
    both sides left it open, and for the same reason. `device` and `id` as in `Change`.
    """

    device: str | None
    id: str | None
    label: str
    field: str
    why_before: str
    why_after: str
    address_before: GuestAddress
    address_after: GuestAddress
    excused: bool


def unknowns(before: Snapshot, after: Snapshot) -> tuple[Unknown, ...]:
    """All that is left open of the devices both snapshots have, by guest address."""
    return tuple(
        _unknown(pair, field, *why)
        for pair in match(before, after).pairs
        for field, why in _open(pair, before, after)
    )


@dataclass(frozen=True)
class _Reason:
    """Why a side left something open. Reasons of one sort are the same reason: two host
    interfaces for which the same backend stood in differ in their words only."""

    words: str
    sort: str


_Why = tuple[_Reason | None, _Reason | None]


def _open(pair: Pair, before: Snapshot, after: Snapshot) -> Iterator[tuple[str, _Why]]:
    one, two = pair.before, pair.after
    if Fact.PATH in one.function.unread | two.function.unread:
        yield "path", _because(Fact.PATH, one.function.unread, two.function.unread)
    first, second = reading(one.function), reading(two.function)
    for part in Part:
        if part in first.missing | second.missing:
            yield part.value, _because(part, first.missing, second.missing)
    if not {Part.BARS, Part.BAR_SIZES} & (first.missing | second.missing):
        yield from _open_sizes(one, two)
    if Part.ROM not in first.missing | second.missing:
        unread = [rom(side.function) == shown_size(None) for side in (one, two)]
        absent = "absent" in (rom(one.function), rom(two.function))
        if any(unread) and not absent:
            yield "expansion ROM size", _reasons(_NO_SIZE, *unread)
    yield from _open_virtual_bars(one, two)
    yield from _open_names(one, two, before, after)
    yield from _substituted(one, two, before, after)


def _open_sizes(one: PlacedFunction, two: PlacedFunction) -> Iterator[tuple[str, _Why]]:
    old, new = bars(one.function), bars(two.function)
    for index in sorted(old.keys() & new.keys()):
        unread = [_sizeless(old[index]), _sizeless(new[index])]
        if any(unread):
            yield f"BAR {index} size", _reasons(_NO_SIZE, *unread)


def _sizeless(bar: BarFacts) -> bool:
    return bar.size is None


def _open_virtual_bars(one: PlacedFunction, two: PlacedFunction) -> Iterator[tuple[str, _Why]]:
    """No source tells how large the BARs of a function's virtual functions are."""
    both = [
        decode(side.function.config).capability(reg.EXT_SRIOV, extended=True) for side in (one, two)
    ]
    if all(both):
        reason = _Reason(_NO_SIZE, _NO_SIZE)
        yield "sizes of VF BARs", (reason, reason)


def _open_names(
    one: PlacedFunction, two: PlacedFunction, before: Snapshot, after: Snapshot
) -> Iterator[tuple[str, _Why]]:
    sides = ((one, before), (two, after))
    if not all(side.function.config[reg.CLASS_CODE + 2] == _NETWORK_CLASS for side, _ in sides):
        return
    unread = [snapshot.interface_at(side.address) is None for side, snapshot in sides]
    if any(unread):
        yield "interface name", _reasons(_ONLY_BOOT, *unread)


def _substituted(
    one: PlacedFunction, two: PlacedFunction, before: Snapshot, after: Snapshot
) -> Iterator[tuple[str, _Why]]:
    old, new = _replaced(one, before), _replaced(two, after)
    for field in sorted(old.keys() | new.keys()):
        yield field, (old.get(field), new.get(field))


def _replaced(function: PlacedFunction, snapshot: Snapshot) -> dict[str, _Reason]:
    """The fields of this device that a substituted backend makes unknowable, and why."""
    return {
        field: _stand_in(substitution)
        for substitution in snapshot.substitutions
        if _is_about(substitution, function)
        for field in substitution.unknown
    }


def _is_about(substitution: Substitution, function: PlacedFunction) -> bool:
    if substitution.qdev_id is not None:
        return substitution.qdev_id == function.qdev_id
    # NICs that `-nic` and `-net` make have no id: what holds for one may hold for any of them.
    makes_nics = substitution.option.startswith(("-nic ", "-net "))
    is_nic = function.qdev_id is None and (function.device or "").startswith("virtio-net")
    return makes_nics and is_nic


def _stand_in(substitution: Substitution) -> _Reason:
    inert, option = substitution.inert, substitution.option
    sort = f"{inert.partition(',')[0]} for {option.partition(',')[0]}"
    return _Reason(f"{inert} stood in for {option}", sort)


def _because(what: Fact | Part, before: frozenset[object], after: frozenset[object]) -> _Why:
    return _reasons(_NOT_IN_TEXT, what in before, what in after)


def _reasons(why: str, *unread: bool) -> _Why:
    before, after = (_Reason(why, why) if side else None for side in unread)
    return before, after


def _unknown(pair: Pair, field: str, before: _Reason | None, after: _Reason | None) -> Unknown:
    named = pair.before if pair.before.qdev_id else pair.after
    return Unknown(
        device=pair.before.device or pair.after.device,
        id=named.qdev_id,
        label=label(pair.before if pair.before.device else named, named.qdev_id),
        field=field,
        why_before=before.words if before else "",
        why_after=after.words if after else "",
        address_before=pair.before.address,
        address_after=pair.after.address,
        excused=before is not None and after is not None and before.sort == after.sort,
    )
