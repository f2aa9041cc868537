"""Two snapshots in, every difference a guest can see out: judged, explained, in stable order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pciabi.abi.change import Change, Kind
from pciabi.abi.consequences import Sight, consequences
from pciabi.abi.difference import Difference
from pciabi.abi.function_differences import function_differences
from pciabi.abi.identifier_differences import identifier_differences
from pciabi.abi.matching import Basis, Matching, Pair, match
from pciabi.abi.naming import label, pair_label
from pciabi.abi.reading import reading
from pciabi.abi.severity import TABLE, Aspect
from pciabi.abi.snapshot import IdentifierName, PlacedFunction, Snapshot
from pciabi.pci.address import GuestAddress
from pciabi.pci.function import Fact

_OWN = {Basis.MAC: IdentifierName.MAC, Basis.SERIAL: IdentifierName.SERIAL}
_ORDER = {kind: place for place, kind in enumerate(Kind)}


def compare(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """All differences, by guest address (the old one where there is one), kind and offset.

    Benign ones are listed too; equal snapshots give an empty tuple. What either side could not
    read is no change: `abi.unknown` lists it. Raises CannotTest where a configuration space has
    a size no function has.
    """
    return changes(match(before, after), before, after)


def changes(matching: Matching, before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """As `compare`, of two snapshots that were matched already."""
    probes = frozenset({before.provenance.probe, after.provenance.probe})
    exchanges = _exchanges(matching)
    stand_ins = before.stand_ins | after.stand_ins
    nics_before, nics_after = (
        {nic.address: nic for nic in side.interfaces} for side in (before, after)
    )
    found: list[Change] = []
    for pair in matching.pairs:
        sight = Sight(
            pair.before,
            pair.after,
            nics_before.get(pair.before.address),
            nics_after.get(pair.after.address),
        )
        differences = list(_place_differences(sight))
        if not stand_ins & {pair.before.qdev_id, pair.after.qdev_id}:
            differences += identifier_differences(pair.before, pair.after)
            differences += function_differences(
                reading(pair.before.function), reading(pair.after.function), probes
            )
        other = exchanges.get(pair.before.address)
        found += [_change(difference, sight, pair, other) for difference in differences]
    for function in matching.vanished:
        sight = Sight(function, None, nics_before.get(function.address), None)
        change = _change(_presence(function, Aspect.VANISHED), sight, None, None)
        found.append(_explained(change, after))
    for function in matching.appeared:
        sight = Sight(None, function, None, nics_after.get(function.address))
        change = _change(_presence(function, Aspect.APPEARED), sight, None, None)
        found.append(_explained(change, before))
    return tuple(sorted(found, key=_sort_key))


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


def _place_differences(sight: Sight) -> Iterator[Difference]:
    before, after = sight.before, sight.after
    assert before is not None, "a pair has two sides"
    assert after is not None, "a pair has two sides"
    if Fact.PATH in before.function.unread | after.function.unread:
        if before.address != after.address:
            yield Difference(
                Kind.MOVED,
                Aspect.MOVED,
                "guest address",
                None,
                None,
                str(before.address),
                str(after.address),
            )
    elif before.path != after.path:
        yield Difference(
            Kind.MOVED, Aspect.MOVED, "path", None, None, str(before.path), str(after.path)
        )
    elif before.address != after.address:
        yield Difference(
            Kind.RENUMBERED,
            Aspect.RENUMBERED,
            "guest address",
            None,
            None,
            str(before.address),
            str(after.address),
        )
    elif sight.names_differ:
        yield Difference(
            Kind.NAME,
            Aspect.NAME,
            "interface name",
            None,
            None,
            sight.name_before or "none",
            sight.name_after or "none",
        )


def _presence(function: PlacedFunction, aspect: Aspect) -> Difference:
    here = f"{function.address} (path {function.path})"
    gone = aspect is Aspect.VANISHED
    return Difference(
        Kind.VANISHED if gone else Kind.APPEARED,
        aspect,
        "presence",
        None,
        None,
        here if gone else "",
        "" if gone else here,
    )


def _change(
    difference: Difference, sight: Sight, pair: Pair | None, exchanged_with: str | None
) -> Change:
    judgement = TABLE[difference.aspect]
    known = sight.before or sight.after
    assert known is not None, "a change is about some function"
    named = known if known.qdev_id or sight.after is None else sight.after
    other = exchanged_with if difference.aspect is Aspect.MOVED else None
    change = Change(
        device=known.device or (sight.after.device if sight.after else None),
        id=named.qdev_id,
        label=label(known, named.qdev_id),
        kind=difference.kind,
        field=difference.field,
        offset=difference.offset,
        mask=difference.mask,
        before=difference.before,
        after=difference.after,
        severity=judgement.severity,
        reason=f"{judgement.reason}{_taken_for(pair)}",
        address_before=sight.before.address if sight.before else None,
        address_after=sight.after.address if sight.after else None,
        path_before=sight.before.path if sight.before else None,
        path_after=sight.after.path if sight.after else None,
        consequences=(),
        exchanged_with=other,
    )
    return replace(change, consequences=consequences(change, sight))


def _taken_for(pair: Pair | None) -> str:
    """What the pairing rests on, unless it is what everybody would think of first."""
    if pair is None:
        return ""
    old, new = pair.before.qdev_id, pair.after.qdev_id
    if old == new is not None:
        return ""
    own = _OWN.get(pair.basis)
    value = f" {pair.before.stated(own)}" if own is not None else ""
    renamed = f"; its id was {old} and is {new}" if None not in (old, new) else ""
    return f" (taken for the same device: {pair.basis}{value}{renamed})"


def _explained(change: Change, other: Snapshot) -> Change:
    """The change of a device that is missing on the other side, there though QEMU has it."""
    why = other.why_unreachable(change.id)
    return replace(change, reason=f"{change.reason} (unreachable: {why})") if why else change


def _sort_key(change: Change) -> tuple[object, ...]:
    return (
        change.address_before or change.address_after,
        change.address_before is None,
        _ORDER[change.kind],
        -1 if change.offset is None else change.offset,
        change.mask or 0,
        change.field,
        change.before,
        change.after,
    )
