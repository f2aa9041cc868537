"""Two snapshots in, every difference a guest can see out: judged, explained, in stable order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pciabi.abi.change import Change
from pciabi.abi.consequences import Sight, consequences, machine_consequences
from pciabi.abi.deciding import with_deciding_properties
from pciabi.abi.difference import Difference
from pciabi.abi.facts import mac, serial_number
from pciabi.abi.facts.topology import MOVED, appearing, vanishing
from pciabi.abi.families import function_families, machine_families
from pciabi.abi.family import StoodInFor
from pciabi.abi.identifying import stated
from pciabi.abi.matching import Matching, match
from pciabi.abi.measured_boot import with_notes
from pciabi.abi.naming import MACHINE_LABEL, label, machine_device, pair_label
from pciabi.abi.opening import Both
from pciabi.abi.pair import Basis, Pair
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.abi.unknown import Replaced, Unknown, Unknowns
from pciabi.pci.address import GuestAddress
from pciabi.pci.facts import UNREAD

_OWN = {Basis.MAC: mac.KEY, Basis.SERIAL: serial_number.KEY}


@dataclass(frozen=True)
class Comparison:
    """Two snapshots held against each other: which function is which, every difference a guest
    can see, the machine's first, then by guest address (the old one where there is one), kind
    and offset, benign ones too, and all that is left open of what both have."""

    matching: Matching
    changes: tuple[Change, ...]
    unknowns: tuple[Unknown, ...]


def compare(
    before: Snapshot, after: Snapshot, looked_at: frozenset[str] | None = None
) -> Comparison:
    """Hold two snapshots against each other; equal ones give no change.

    What either side could not read is no change: it is unknown; `looked_at` are the families, by
    name, of which that is of interest, None for all. Raises CannotTest where a
    configuration space has a size no function has.
    """
    matching = match(before, after)
    pairs, left_open = _Pairs(matching, before, after), Unknowns(before, after, looked_at)
    changes = list(_machine_changes(before, after))
    unknowns = list(left_open.of_machine())
    # Of each pair both at once: what is decoded for one is at hand for the other.
    for pair in matching.pairs:
        changes += pairs.changes(pair)
        unknowns += left_open.of_pair(pair)
    for function in matching.vanished:
        sight = Sight(function, None, None, after.at_path(function.path))
        changes.append(_explained(_change(vanishing(function), sight), after))
    for function in matching.appeared:
        sight = Sight(None, function, before.at_path(function.path), None)
        changes.append(_explained(_change(appearing(function), sight), before))
    noted = with_notes(sorted(changes, key=_sort_key), before)
    return Comparison(matching, tuple(noted), tuple(unknowns))


class _Pairs:
    """What tells the changes of a device that both snapshots have."""

    def __init__(self, matching: Matching, before: Snapshot, after: Snapshot) -> None:
        self.before = before
        self.after = after
        self.probes = before.provenance.probe, after.provenance.probe
        self.exchanges = _exchanges(matching)
        self.replaced = Replaced(before), Replaced(after)

    def changes(self, pair: Pair) -> Iterator[Change]:
        """Every change of one device."""
        differences = with_deciding_properties(list(self._differences(pair)), pair)
        if not differences:
            return
        sight = Sight(
            pair.before,
            pair.after,
            _unless(pair.before, self.before.at_path(pair.after.path)),
            _unless(pair.after, self.after.at_path(pair.before.path)),
        )
        taken_for = _taken_for(pair)
        for difference in differences:
            change = _change(difference, sight)
            other = self.exchanges.get(pair.before.address) if change.kind == MOVED else None
            reason = f"{change.reason}{taken_for}"
            yield replace(change, reason=reason, exchanged_with=other)

    def _differences(self, pair: Pair) -> Iterator[Difference]:
        before, after = self.replaced
        replaced = (*before.of(pair.before), *after.of(pair.after))
        left_open = frozenset(field for one in replaced for field in one.unknown)
        both = Both(pair.before, pair.after, *self.probes, left_open)
        needed = self._needed_to_tell(pair)
        # Most functions are the same to the bit, so there is nothing to decode: then only where
        # they are may differ.
        alike = _hardware(pair.before) == _hardware(pair.after)
        for family in function_families():
            if (alike and family.inherent is None) or family.stood_in_for not in needed:
                continue
            old, new = family.fact_of(pair.before), family.fact_of(pair.after)
            if old is not UNREAD and new is not UNREAD:
                yield from family.differences(old, new, both)

    def _needed_to_tell(self, pair: Pair) -> frozenset[StoodInFor]:
        """Of which families the facts tell something of the user's own device."""
        stood_in_for = (
            pair.before.qdev_id in self.before.stand_ins,
            pair.after.qdev_id in self.after.stand_ins,
        )
        if all(stood_in_for):
            return frozenset({StoodInFor.TELLS, StoodInFor.TELLS_IN_BOTH})
        return frozenset({StoodInFor.TELLS}) if any(stood_in_for) else frozenset(StoodInFor)


def _hardware(placed: PlacedFunction) -> tuple[object, ...]:
    """All that a function is told by, wherever it is."""
    return placed.function.config, placed.function.known, placed.facts


def _unless(one: PlacedFunction, found: PlacedFunction | None) -> PlacedFunction | None:
    return None if found is one else found


def _exchanges(matching: Matching) -> dict[GuestAddress, str]:
    """Of each device that took another one's place and left it its own, by the address it had:
    the label of that other one."""
    moves = {
        (matching.place(pair.before), matching.place(pair.after)): pair
        for pair in matching.pairs
        if matching.place(pair.before) != matching.place(pair.after)
    }
    return {
        pair.before.address: pair_label(moves[new, old])
        for (old, new), pair in moves.items()
        if (new, old) in moves
    }


def _machine_changes(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    both = Both(before, after, before.provenance.probe, after.provenance.probe)
    for family in machine_families():
        old, new = family.fact_of(before), family.fact_of(after)
        if old is UNREAD or new is UNREAD:
            continue
        for difference in family.differences(old, new, both):
            change = _bare_change(difference, machine_device(before), None, MACHINE_LABEL)
            yield replace(change, consequences=machine_consequences(change))


def _change(difference: Difference, sight: Sight) -> Change:
    known = sight.before or sight.after
    assert known is not None, "a change is about some function"
    named = known if known.qdev_id or sight.after is None else sight.after
    device = known.device or (sight.after.device if sight.after else None)
    change = replace(
        _bare_change(difference, device, named.qdev_id, label(known, named.qdev_id)),
        address_before=sight.before.address if sight.before else None,
        address_after=sight.after.address if sight.after else None,
        path_before=sight.before.path if sight.before else None,
        path_after=sight.after.path if sight.after else None,
    )
    return replace(change, consequences=consequences(change, sight))


def _bare_change(
    difference: Difference, device: str | None, qdev_id: str | None, name: str
) -> Change:
    """A change of no known place."""
    return Change(
        device=device,
        id=qdev_id,
        label=name,
        kind=difference.kind,
        field=difference.field,
        offset=difference.offset,
        mask=difference.mask,
        before=difference.before,
        after=difference.after,
        severity=difference.judgement.severity,
        reason=difference.judgement.reason,
        address_before=None,
        address_after=None,
        path_before=None,
        path_after=None,
        consequences=(),
        exchanged_with=None,
    )


def _taken_for(pair: Pair) -> str:
    """What the pairing rests on, unless it is what everybody would think of first."""
    old, new = pair.before.stated_id, pair.after.stated_id
    if old == new is not None:
        return ""
    own = _OWN.get(pair.basis)
    value = f" {stated(pair.before, own)}" if own is not None else ""
    renamed = f"; its id was {old} and is {new}" if None not in (old, new) else ""
    return f" (taken for the same device: {pair.basis}{value}{renamed})"


def _explained(change: Change, other: Snapshot) -> Change:
    """The change of a device that is missing on the other side, there though QEMU has it."""
    why = other.why_unreachable(change.id)
    return replace(change, reason=f"{change.reason} (unreachable: {why})") if why else change


def _sort_key(change: Change) -> tuple[object, ...]:
    address = change.address_before or change.address_after
    return (
        (address,) if address is not None else (),
        change.address_before is None,
        change.kind.place,
        -1 if change.offset is None else change.offset,
        change.mask or 0,
        change.field,
        change.before,
        change.after,
    )
