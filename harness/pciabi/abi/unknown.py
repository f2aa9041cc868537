"""What two snapshots leave open about their devices: never a change, and never equal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pciabi.abi.bar_differences import BarFacts, bars, rom, shown_size
from pciabi.abi.identifier_differences import NAMES
from pciabi.abi.matching import Pair, identity
from pciabi.abi.naming import pair_label
from pciabi.abi.reading import Part, missing_parts
from pciabi.abi.snapshot import (
    IdentifierName,
    NetworkInterface,
    PlacedFunction,
    Snapshot,
    Substitution,
)
from pciabi.pci import registers as reg
from pciabi.pci.address import GuestAddress
from pciabi.pci.capabilities import extended_offsets
from pciabi.pci.function import Fact
from pciabi.pci.layout import dword

_NOT_READ = "it was not read"
# In the words of who left it unread.
_UNREAD_BY = {"lspci": "lspci's text does not show it", "boot": "the guest could not read it"}
_NO_SIZE = "its size was not read"
_NOT_ENABLED = "nobody enabled them, so nobody saw them"
_ONLY_BOOT = "only a boot shows it"
_NETWORK_CLASS = 0x02
# What a device of a class is told by, where nothing was read: virtio disks, NVMe, NICs.
_BY_CLASS = {
    0x0100: IdentifierName.SERIAL,
    0x0108: IdentifierName.SERIAL,
    _NETWORK_CLASS << 8: IdentifierName.MAC,
}


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


def opening(before: Snapshot, after: Snapshot) -> Callable[[Pair], Iterator[Unknown]]:
    """What tells all that two snapshots leave open of a device both have."""
    sides = _Told.of(before), _Told.of(after)
    return lambda pair: (_unknown(pair, field, *why) for field, why in _open(pair, *sides))


@dataclass(frozen=True)
class _Told:
    """What one snapshot tells, found by what it tells it of; `silence` says why it does not."""

    silence: str
    interfaces: Mapping[GuestAddress, NetworkInterface]
    of_device: Mapping[str, tuple[Substitution, ...]]
    of_nameless: Mapping[str, tuple[Substitution, ...]]

    @classmethod
    def of(cls, snapshot: Snapshot) -> _Told:
        named: dict[str, tuple[Substitution, ...]] = {}
        nameless: dict[str, tuple[Substitution, ...]] = {}
        for one in snapshot.substitutions:
            if one.qdev_id is not None:
                named[one.qdev_id] = (*named.get(one.qdev_id, ()), one)
            elif one.device is not None:
                nameless[one.device] = (*nameless.get(one.device, ()), one)
        silence = _UNREAD_BY.get(snapshot.provenance.probe, _NOT_READ)
        return cls(silence, {nic.address: nic for nic in snapshot.interfaces}, named, nameless)

    def stand_ins(self, function: PlacedFunction) -> tuple[Substitution, ...]:
        """What stood in for backends of this device. Of devices without an id that look alike,
        what holds for one may hold for any of them."""
        if function.qdev_id is not None:
            return self.of_device.get(function.qdev_id, ())
        return self.of_nameless.get(function.device or "", ())


@dataclass(frozen=True)
class _Reason:
    """Why a side left something open. Two are the same reason only if their `kinds` are: all
    that stood in for something, and all that it stood in for."""

    words: str
    kinds: frozenset[str]


_Why = tuple[_Reason | None, _Reason | None]


def _open(pair: Pair, before: _Told, after: _Told) -> Iterator[tuple[str, _Why]]:
    one, two = pair.before, pair.after
    if Fact.PATH in one.function.unread | two.function.unread:
        unread = [Fact.PATH in side.function.unread for side in (one, two)]
        yield "path", _silent(before, after, *unread)
    first, second = missing_parts(one.function), missing_parts(two.function)
    for part in Part:
        if part in first | second:
            yield part.value, _silent(before, after, part in first, part in second)
    if not {Part.BARS, Part.BAR_SIZES} & (first | second):
        yield from _open_sizes(one, two)
    if Part.ROM not in first | second:
        unread = [rom(side.function) == shown_size(None) for side in (one, two)]
        absent = "absent" in (rom(one.function), rom(two.function))
        if any(unread) and not absent:
            yield "expansion ROM size", _reasons(_NO_SIZE, *unread)
    yield from _open_virtual_functions(one, two)
    for name in _open_identifiers(one, two):
        unread = [side.identifiers is None for side in (one, two)]
        yield NAMES[name], _silent(before, after, *unread)
    yield from _open_names(one, two, before, after)
    yield from _substituted(before.stand_ins(one), after.stand_ins(two))


def _open_sizes(one: PlacedFunction, two: PlacedFunction) -> Iterator[tuple[str, _Why]]:
    old, new = bars(one.function), bars(two.function)
    for index in sorted(old.keys() & new.keys()):
        unread = [_sizeless(old[index]), _sizeless(new[index])]
        if any(unread):
            yield f"BAR {index} size", _reasons(_NO_SIZE, *unread)


def _sizeless(bar: BarFacts) -> bool:
    return bar.size is None


def _open_virtual_functions(one: PlacedFunction, two: PlacedFunction) -> Iterator[tuple[str, _Why]]:
    """A function's virtual functions are there once software enables them. No source tells how
    large their BARs are."""
    controls = [_sriov_control(side.function.config) for side in (one, two)]
    disabled = [not control & reg.SRIOV_VF_ENABLE for control in controls if control is not None]
    if len(disabled) < len(controls):
        return
    if any(disabled):
        yield "virtual functions", _reasons(_NOT_ENABLED, *disabled)
    yield "sizes of VF BARs", _reasons(_NO_SIZE, *(True for _ in controls))


def _sriov_control(config: bytes) -> int | None:
    """What stands in SR-IOV Control, None without the capability."""
    found = extended_offsets(config, reg.EXT_SRIOV)
    return dword(config, found[0] + reg.SRIOV_CONTROL) if found else None


def _open_identifiers(one: PlacedFunction, two: PlacedFunction) -> Iterator[IdentifierName]:
    """Identifying properties that a side did not read, of a device that has or may have them."""
    if one.identifiers is not None and two.identifiers is not None:
        return
    names = {known.name for side in (one, two) for known in side.identifiers or ()}
    usual = {_BY_CLASS.get(identity(side)[2] >> 8) for side in (one, two)}
    yield from (name for name in IdentifierName if name in names | usual)


def _open_names(
    one: PlacedFunction, two: PlacedFunction, before: _Told, after: _Told
) -> Iterator[tuple[str, _Why]]:
    sides = ((one, before), (two, after))
    if not all(side.function.config[reg.CLASS + 1] == _NETWORK_CLASS for side, _ in sides):
        return
    unread = [side.address not in told.interfaces for side, told in sides]
    if any(unread):
        yield "interface name", _reasons(_ONLY_BOOT, *unread)


def _substituted(
    before: Iterable[Substitution], after: Iterable[Substitution]
) -> Iterator[tuple[str, _Why]]:
    old, new = _replaced(before), _replaced(after)
    for field in sorted(old.keys() | new.keys()):
        yield field, (old.get(field), new.get(field))


def _replaced(substitutions: Iterable[Substitution]) -> dict[str, _Reason]:
    """The fields of a device that substituted backends make unknowable, and why."""
    by_field: dict[str, list[str]] = {}
    for substitution in substitutions:
        for field in substitution.unknown:
            told = f"{substitution.inert} stood in for {substitution.option}"
            by_field.setdefault(field, []).append(told)
    return {
        field: _Reason("; ".join(dict.fromkeys(told)), frozenset(told))
        for field, told in by_field.items()
    }


def _silent(before: _Told, after: _Told, *unread: bool) -> _Why:
    """A source that shows less is one reason, whatever the source."""
    one, two = (
        _Reason(side.silence, frozenset({_NOT_READ})) if is_open else None
        for side, is_open in zip((before, after), unread, strict=True)
    )
    return one, two


def _reasons(why: str, *unread: bool) -> _Why:
    before, after = (_Reason(why, frozenset({why})) if side else None for side in unread)
    return before, after


def _unknown(pair: Pair, field: str, before: _Reason | None, after: _Reason | None) -> Unknown:
    return Unknown(
        device=pair.before.device or pair.after.device,
        id=pair.before.qdev_id or pair.after.qdev_id,
        label=pair_label(pair),
        field=field,
        why_before=before.words if before else "",
        why_after=after.words if after else "",
        address_before=pair.before.address,
        address_after=pair.after.address,
        excused=before is not None and after is not None and before.kinds == after.kinds,
    )
