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
from pciabi.pci.address import GuestAddress, TopologyPath
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
# What a device is told by, where nothing was read: virtio disks, NVMe and NICs.
_DISK_IDS = {(0x1AF4, 0x1001), (0x1AF4, 0x1042)}
_NVME_CLASS = 0x0108


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
    of_path: Mapping[TopologyPath, tuple[Substitution, ...]]

    @classmethod
    def of(cls, snapshot: Snapshot) -> _Told:
        nameless: dict[str, list[TopologyPath]] = {}
        for one in snapshot.creations:
            if one.qdev_id is None:
                nameless.setdefault(one.device, []).append(one.path)
        of_device: dict[str, tuple[Substitution, ...]] = {}
        of_path: dict[TopologyPath, tuple[Substitution, ...]] = {}
        for told in snapshot.substitutions:
            if told.qdev_id is not None:
                of_device[told.qdev_id] = (*of_device.get(told.qdev_id, ()), told)
            for path in nameless.get(told.device or "", ())[told.ordinal :][:1]:
                of_path[path] = (*of_path.get(path, ()), told)
        silence = _UNREAD_BY.get(snapshot.provenance.probe, _NOT_READ)
        nics = {nic.address: nic for nic in snapshot.interfaces}
        return cls(silence, nics, of_device, of_path)

    def stand_ins(self, function: PlacedFunction) -> tuple[Substitution, ...]:
        """What stood in for backends of this device."""
        if function.qdev_id is not None:
            return self.of_device.get(function.qdev_id, ())
        return self.of_path.get(function.path, ())


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
    yield from _open_virtual_functions(pair, before, after)
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


def _open_virtual_functions(pair: Pair, before: _Told, after: _Told) -> Iterator[tuple[str, _Why]]:
    """A function's virtual functions are there once software enables them. No source tells how
    large their BARs are."""
    one, two = pair.before.function, pair.after.function
    places = [extended_offsets(side.config, reg.EXT_SRIOV) for side in (one, two)]
    if not all(places):
        return
    unread = [
        not side.was_read(at + reg.SRIOV_CONTROL, 2, reg.SRIOV_VF_ENABLE)
        for side, (at, *_) in zip((one, two), places, strict=True)
    ]
    disabled = [
        not dword(side.config, at + reg.SRIOV_CONTROL) & reg.SRIOV_VF_ENABLE
        for side, (at, *_) in zip((one, two), places, strict=True)
    ]
    if any(unread):
        yield "virtual functions", _silent(before, after, *unread)
    elif any(disabled):
        yield "virtual functions", _reasons(_NOT_ENABLED, *disabled)
    yield "sizes of VF BARs", _reasons(_NO_SIZE, *(True for _ in places))


def _open_identifiers(one: PlacedFunction, two: PlacedFunction) -> Iterator[IdentifierName]:
    """Identifying properties that a side did not read, of a device that has or may have them."""
    if one.identifiers is not None and two.identifiers is not None:
        return
    names = {known.name for side in (one, two) for known in side.identifiers or ()}
    names |= {name for side in (one, two) if (name := _usual_identifier(side)) is not None}
    yield from (name for name in IdentifierName if name in names)


def _usual_identifier(function: PlacedFunction) -> IdentifierName | None:
    """What such a device has in nearly any VM."""
    vendor, device, class_code = identity(function)
    if class_code >> 16 == _NETWORK_CLASS:
        return IdentifierName.MAC
    is_disk = (vendor, device) in _DISK_IDS or class_code >> 8 == _NVME_CLASS
    return IdentifierName.SERIAL if is_disk else None


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
