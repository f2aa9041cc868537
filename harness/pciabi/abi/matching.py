"""Which function of one snapshot is which function of another, and why."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.pci import registers as reg
from pciabi.pci.function import Fact


class Basis(StrEnum):
    """Why two functions are taken for the same device."""

    QDEV_ID = "same qdev id"
    MAC = "same MAC address"
    PATH = "same ids at the same path"
    IDENTITY = "same ids elsewhere"
    PLACE = "only the path is the same"


@dataclass(frozen=True)
class Pair:
    """One device before and after, and what makes it the same one."""

    before: PlacedFunction
    after: PlacedFunction
    basis: Basis


@dataclass(frozen=True)
class Matching:
    """All devices of two snapshots, each function exactly once, in guest address order."""

    pairs: tuple[Pair, ...]
    vanished: tuple[PlacedFunction, ...]
    appeared: tuple[PlacedFunction, ...]


_Key = Callable[[PlacedFunction], Hashable | None]
_Allowed = Callable[[PlacedFunction, PlacedFunction], bool]


def match(before: Snapshot, after: Snapshot) -> Matching:
    """Match by qdev id (and place within the device), then MAC, then path, then identity.

    Two functions that both carry qdev ids, different ones, are the same device only where the
    guest cannot tell them apart: same ids at the same path. Everything else pairs a function
    with an id only with one that has none.
    """
    old, new = list(before.functions), list(after.functions)
    pairs: list[Pair] = []
    place = _by_address if _places_are_open(before, after) else _by_path
    rounds: tuple[tuple[Basis, _Key, _Key, _Allowed], ...] = (
        (Basis.QDEV_ID, _by_qdev_id(old), _by_qdev_id(new), _always),
        (Basis.MAC, _by_mac(before), _by_mac(after), _not_two_ids),
        (Basis.PATH, _with_kind(place), _with_kind(place), _always),
        (Basis.IDENTITY, _by_subsystem, _by_subsystem, _not_two_ids),
        (Basis.IDENTITY, _kind, _kind, _not_two_ids),
        (Basis.PLACE, place, place, _not_two_ids),
    )
    for basis, old_key, new_key, allowed in rounds:
        found = _pair_up(old, new, old_key, new_key, allowed)
        pairs += [Pair(one, two, basis) for one, two in found]
        taken = {id(one) for pair in found for one in pair}
        old = [function for function in old if id(function) not in taken]
        new = [function for function in new if id(function) not in taken]
    pairs.sort(key=lambda pair: (pair.before.address, pair.after.address))
    return Matching(tuple(pairs), _in_order(old), _in_order(new))


def identity(function: PlacedFunction) -> tuple[int, int, int]:
    """Vendor id, device id and class code, as configuration space holds them."""
    config = function.function.config
    return (
        int.from_bytes(config[reg.VENDOR_ID : reg.VENDOR_ID + 2], "little"),
        int.from_bytes(config[reg.DEVICE_ID : reg.DEVICE_ID + 2], "little"),
        int.from_bytes(config[reg.CLASS_CODE : reg.CLASS_CODE + 3], "little"),
    )


def _pair_up(
    old: Iterable[PlacedFunction],
    new: Iterable[PlacedFunction],
    old_key: _Key,
    new_key: _Key,
    allowed: _Allowed,
) -> list[tuple[PlacedFunction, PlacedFunction]]:
    waiting: dict[Hashable, list[PlacedFunction]] = {}
    for function in sorted(new, key=_by_path):
        key = new_key(function)
        if key is not None:
            waiting.setdefault(key, []).append(function)
    found = []
    for function in sorted(old, key=_by_path):
        key = old_key(function)
        candidates = waiting.get(key, []) if key is not None else []
        partner = next((other for other in candidates if allowed(function, other)), None)
        if partner is not None:
            candidates.remove(partner)
            found.append((function, partner))
    return found


def _by_qdev_id(functions: Iterable[PlacedFunction]) -> _Key:
    """The qdev id and the function's place relative to the id's first function."""
    first: dict[str, PlacedFunction] = {}
    for function in sorted(functions, key=_by_path):
        if function.qdev_id is not None:
            first.setdefault(function.qdev_id, function)

    def key(function: PlacedFunction) -> Hashable | None:
        if function.qdev_id is None:
            return None
        base = first[function.qdev_id]
        depth = len(function.path.hops) - len(base.path.hops)
        return function.qdev_id, depth, function.address.devfn - base.address.devfn

    return key


def _by_mac(snapshot: Snapshot) -> _Key:
    def key(function: PlacedFunction) -> Hashable | None:
        interface = snapshot.interface_at(function.address)
        return interface.mac.lower() if interface else None

    return key


def _by_path(function: PlacedFunction) -> tuple[int, tuple[tuple[int, int], ...]]:
    return function.path.root, function.path.hops


def _by_address(function: PlacedFunction) -> Hashable:
    return function.address


def _places_are_open(before: Snapshot, after: Snapshot) -> bool:
    """Whether a source names buses but not the bridges that lead to them."""
    return any(
        Fact.PATH in placed.function.unread for placed in (*before.functions, *after.functions)
    )


def _kind(function: PlacedFunction) -> tuple[int, int, int]:
    """What it is, without the programming interface: a short listing does not tell that."""
    vendor, device, class_code = identity(function)
    return vendor, device, class_code >> 8


def _with_kind(place: _Key) -> _Key:
    return lambda function: (place(function), _kind(function))


def _by_subsystem(function: PlacedFunction) -> Hashable:
    return _kind(function), function.function.config[0x2C:0x30]


def _always(_old: PlacedFunction, _new: PlacedFunction) -> bool:
    return True


def _not_two_ids(old: PlacedFunction, new: PlacedFunction) -> bool:
    return old.qdev_id is None or new.qdev_id is None


def _in_order(functions: Iterable[PlacedFunction]) -> tuple[PlacedFunction, ...]:
    return tuple(sorted(functions, key=lambda function: function.address))
