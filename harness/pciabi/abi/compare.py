"""Two snapshots in, every difference a guest can see out: judged, explained, in stable order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from pciabi.abi.change import Change, Kind
from pciabi.abi.consequences import Sight, consequences
from pciabi.abi.difference import Difference
from pciabi.abi.function_differences import function_differences
from pciabi.abi.identifier_differences import identifier_differences
from pciabi.abi.machine_unknowns import machine_unknowns
from pciabi.abi.matching import Basis, Matching, Pair, match
from pciabi.abi.naming import label, pair_label
from pciabi.abi.reading import reading
from pciabi.abi.severity import TABLE, Aspect
from pciabi.abi.snapshot import IdentifierName, PlacedFunction, Snapshot
from pciabi.abi.unknown import Unknown, opening
from pciabi.pci.address import GuestAddress
from pciabi.pci.function import Fact, PciFunction

_OWN = {Basis.MAC: IdentifierName.MAC, Basis.SERIAL: IdentifierName.SERIAL}
# All that a function's hardware is told by, wherever the function is.
_SAME = attrgetter("config", "known", "bars", "rom_size", "driver", "unread")
_ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True)
class Comparison:
    """Two snapshots held against each other: which function is which, every difference a guest
    can see, by guest address (the old one where there is one), kind and offset, benign ones too,
    and all that is left open of the devices both have."""

    matching: Matching
    changes: tuple[Change, ...]
    unknowns: tuple[Unknown, ...]


def compare(before: Snapshot, after: Snapshot) -> Comparison:
    """Hold two snapshots against each other; equal ones give no change.

    What either side could not read is no change: it is unknown. Raises CannotTest where a
    configuration space has a size no function has.
    """
    matching = match(before, after)
    changed, left_open = _changing(matching, before, after), opening(before, after)
    changes: list[Change] = []
    unknowns = list(machine_unknowns(before, after))
    # Of each pair both at once: what is decoded for one is at hand for the other.
    for pair in matching.pairs:
        changes += changed(pair)
        unknowns += left_open(pair)
    for function in matching.vanished:
        nic = before.interface_at(function.address)
        sight = Sight(function, None, nic, None, None, after.at_path(function.path))
        change = _change(_presence(function, Aspect.VANISHED), sight, None, None)
        changes.append(_explained(change, after))
    for function in matching.appeared:
        nic = after.interface_at(function.address)
        sight = Sight(None, function, None, nic, before.at_path(function.path), None)
        change = _change(_presence(function, Aspect.APPEARED), sight, None, None)
        changes.append(_explained(change, before))
    return Comparison(matching, tuple(sorted(changes, key=_sort_key)), tuple(unknowns))


def _changing(
    matching: Matching, before: Snapshot, after: Snapshot
) -> Callable[[Pair], Iterator[Change]]:
    """What tells the changes of a device both snapshots have."""
    probes = frozenset({before.provenance.probe, after.provenance.probe})
    exchanges = _exchanges(matching)

    def changes(pair: Pair) -> Iterator[Change]:
        sight = Sight(
            pair.before,
            pair.after,
            before.interface_at(pair.before.address),
            after.interface_at(pair.after.address),
            _unless(pair.before, before.at_path(pair.after.path)),
            _unless(pair.after, after.at_path(pair.before.path)),
        )
        differences = list(_place_differences(sight))
        unread = [
            pair.before.qdev_id in before.stand_ins,
            pair.after.qdev_id in after.stand_ins,
        ]
        differences += identifier_differences(pair.before, pair.after, _told_of(unread))
        if not any(unread):
            differences += _hardware_differences(pair.before.function, pair.after.function, probes)
        other = exchanges.get(pair.before.address)
        return (_change(difference, sight, pair, other) for difference in differences)

    return changes


def _unless(one: PlacedFunction, found: PlacedFunction | None) -> PlacedFunction | None:
    return None if found is one else found


def _told_of(stood_in_for: Sequence[bool]) -> Collection[IdentifierName]:
    """The identifying properties that tell something of the user's own device. Of one that
    another stood in for that is what the configuration states; a serial number or MAC address
    that it does not state the real device may have by itself."""
    if all(stood_in_for):
        return frozenset(IdentifierName) - {IdentifierName.MAC}
    return {IdentifierName.ACPI_INDEX} if any(stood_in_for) else frozenset(IdentifierName)


def _hardware_differences(
    before: PciFunction, after: PciFunction, probes: frozenset[str]
) -> Iterator[Difference]:
    # Most functions are the same to the bit: there is nothing to decode.
    if _SAME(before) == _SAME(after):
        return iter(())
    return function_differences(reading(before), reading(after), probes)


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
    old, new = pair.before.stated_id, pair.after.stated_id
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
