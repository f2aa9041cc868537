"""Which function of one snapshot is which function of another, and why."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from pciabi.abi.facts import mac, serial_number
from pciabi.abi.identifying import Identifier, stated
from pciabi.abi.identity import identity
from pciabi.abi.pair import Basis, Pair
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.pci.facts import Key


@dataclass(frozen=True)
class Matching:
    """All devices of two snapshots, each function exactly once, in guest address order.

    `by_address`: a source names buses but not the bridges that lead to them, so a place is a
    guest address and not a path.
    """

    pairs: tuple[Pair, ...]
    vanished: tuple[PlacedFunction, ...]
    appeared: tuple[PlacedFunction, ...]
    by_address: bool

    def place(self, function: PlacedFunction) -> Hashable:
        """Where a function is, in what both sources tell."""
        return _by_address(function) if self.by_address else _by_path(function)


# What two devices do not have in common.
_OWN = (mac.KEY, serial_number.KEY)

_Property = Key[Identifier | None]
_Key = Callable[[PlacedFunction], Hashable | None]


class _Ids(Enum):
    """Whether a pair may be of two functions that both carry qdev ids."""

    ANY = "any"
    NOT_TWO = "not two"


def match(before: Snapshot, after: Snapshot) -> Matching:
    """Match by what the configuration states of a NIC or disk (MAC, serial number), then by
    qdev id (and place within the device), then path, then identity.

    Under libvirt an id is dealt out anew when a device goes, so a stated MAC or serial number
    outranks it; one that two devices share tells neither. Two functions that both carry qdev
    ids, different ones, are otherwise the same device only where the guest cannot tell them
    apart: same ids at the same path. By their place alone only functions of one class are.
    """
    old, new = list(before.functions), list(after.functions)
    pairs: list[Pair] = []
    by_address = _places_are_open(before, after)
    place = _by_address if by_address else _by_path
    rounds: tuple[tuple[Basis, _Key, _Key, _Ids], ...] = (
        (Basis.MAC, *_keys(mac.KEY, before, after), _Ids.ANY),
        (Basis.SERIAL, *_keys(serial_number.KEY, before, after), _Ids.ANY),
        (Basis.QDEV_ID, _by_qdev_id(old), _by_qdev_id(new), _Ids.ANY),
        (Basis.PATH, *_both(_with_kind(place)), _Ids.ANY),
        *_moved(_by_subsystem),
        *_moved(_kind),
        (Basis.PLACE, *_both(_with_class(place)), _Ids.NOT_TWO),
    )
    for basis, old_key, new_key, ids in rounds:
        found = _pair_up(old, new, old_key, new_key, ids)
        pairs += [Pair(one, two, basis) for one, two in found]
        taken = {id(one) for pair in found for one in pair}
        old = [function for function in old if id(function) not in taken]
        new = [function for function in new if id(function) not in taken]
    pairs.sort(key=lambda pair: (pair.before.address, pair.after.address))
    return Matching(tuple(pairs), _in_order(old), _in_order(new), by_address)


class _Waiting:
    """Functions with one key that nobody was paired with yet, in the order of their paths."""

    def __init__(self) -> None:
        self._by_id: dict[bool, deque[PlacedFunction]] = {True: deque(), False: deque()}

    def add(self, function: PlacedFunction) -> None:
        self._by_id[function.stated_id is not None].append(function)

    def take(self, partner: PlacedFunction, ids: _Ids) -> PlacedFunction | None:
        """The first one that may be the partner, no longer waiting; None where there is none."""
        named = ids is _Ids.ANY or partner.stated_id is None
        heads = [self._by_id[kind] for kind in (True, False) if self._by_id[kind] and kind <= named]
        return min(heads, key=lambda queue: _by_path(queue[0])).popleft() if heads else None


def _pair_up(
    old: Iterable[PlacedFunction],
    new: Iterable[PlacedFunction],
    old_key: _Key,
    new_key: _Key,
    ids: _Ids,
) -> list[tuple[PlacedFunction, PlacedFunction]]:
    waiting: dict[Hashable, _Waiting] = {}
    for function in sorted(new, key=_by_path):
        if (key := new_key(function)) is not None:
            waiting.setdefault(key, _Waiting()).add(function)
    found = []
    for function in sorted(old, key=_by_path):
        key = old_key(function)
        partner = waiting[key].take(function, ids) if key in waiting else None
        if partner is not None:
            found.append((function, partner))
    return found


def _moved(kind: _Key) -> Iterator[tuple[Basis, _Key, _Key, _Ids]]:
    """Rounds for the same ids elsewhere. A MAC or serial number that both state, not the same
    one, tells two devices apart."""

    def with_own(function: PlacedFunction) -> Hashable | None:
        return kind(function), *(stated(function, own) for own in _OWN)

    def without_own(function: PlacedFunction) -> Hashable | None:
        return None if any(stated(function, own) for own in _OWN) else kind(function)

    for old_key, new_key in ((with_own, with_own), (without_own, kind), (kind, without_own)):
        yield Basis.IDENTITY, old_key, new_key, _Ids.NOT_TWO


def _by_qdev_id(functions: Iterable[PlacedFunction]) -> _Key:
    """The qdev id and the function's place relative to the id's first function."""
    first: dict[str, PlacedFunction] = {}
    for function in sorted(functions, key=_by_path):
        if function.stated_id is not None:
            first.setdefault(function.stated_id, function)

    def key(function: PlacedFunction) -> Hashable | None:
        if function.stated_id is None:
            return None
        base = first[function.stated_id]
        depth = len(function.path.hops) - len(base.path.hops)
        return function.stated_id, depth, function.address.devfn - base.address.devfn

    return key


def _keys(own: _Property, before: Snapshot, after: Snapshot) -> tuple[_Key, _Key]:
    """Keys by an identifying property, as far as it is stated and one device's own."""
    return _by_identifier(own, before.functions), _by_identifier(own, after.functions)


def _by_identifier(own: _Property, functions: Sequence[PlacedFunction]) -> _Key:
    counted = Counter(stated(function, own) for function in functions)

    def key(function: PlacedFunction) -> Hashable | None:
        value = stated(function, own)
        return value if counted[value] == 1 else None

    return key


def _by_path(function: PlacedFunction) -> tuple[int, tuple[tuple[int, int], ...]]:
    return function.path.root, function.path.hops


def _by_address(function: PlacedFunction) -> Hashable:
    return function.address


def _places_are_open(before: Snapshot, after: Snapshot) -> bool:
    """Whether a source names buses but not the bridges that lead to them."""
    return not all(placed.path_is_read for placed in (*before.functions, *after.functions))


def _kind(function: PlacedFunction) -> tuple[int, int, int]:
    """What it is, without the programming interface: a short listing does not tell that."""
    vendor, device, class_code = identity(function)
    return vendor, device, class_code >> 8


def _with_kind(place: _Key) -> _Key:
    return lambda function: (place(function), _kind(function))


def _with_class(place: _Key) -> _Key:
    return lambda function: (place(function), identity(function)[2] >> 8)


def _by_subsystem(function: PlacedFunction) -> Hashable:
    return _kind(function), function.function.config[0x2C:0x30]


def _both(key: _Key) -> tuple[_Key, _Key]:
    return key, key


def _in_order(functions: Iterable[PlacedFunction]) -> tuple[PlacedFunction, ...]:
    return tuple(sorted(functions, key=lambda function: function.address))
