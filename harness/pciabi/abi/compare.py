"""Two snapshots in, every difference a guest can see out: judged, explained, in stable order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pciabi.abi.change import Change, Kind
from pciabi.abi.consequences import Sight, consequences
from pciabi.abi.difference import Difference
from pciabi.abi.function_differences import function_differences
from pciabi.abi.matching import Basis, match
from pciabi.abi.naming import label
from pciabi.abi.reading import reading
from pciabi.abi.severity import TABLE, Aspect
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.pci.function import Fact

_ORDER = {kind: place for place, kind in enumerate(Kind)}


def compare(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """All differences, by guest address (the old one where there is one), kind and offset.

    Benign ones are listed too; equal snapshots give an empty tuple. What either side could not
    read is no change: `abi.unknown` lists it. Raises CannotTest where a configuration space has
    a size no function has.
    """
    matching = match(before, after)
    probes = frozenset({before.provenance.probe, after.provenance.probe})
    changes: list[Change] = []
    for pair in matching.pairs:
        sight = Sight(
            pair.before,
            pair.after,
            before.interface_at(pair.before.address),
            after.interface_at(pair.after.address),
        )
        found = list(_place_differences(sight))
        if not (before.is_stand_in(pair.before.qdev_id) or after.is_stand_in(pair.after.qdev_id)):
            found += function_differences(
                reading(pair.before.function), reading(pair.after.function), probes
            )
        changes += [_change(difference, sight, pair.basis) for difference in found]
    for function in matching.vanished:
        sight = Sight(function, None, before.interface_at(function.address), None)
        change = _change(_presence(function, Aspect.VANISHED), sight, None)
        changes.append(_explained(change, after))
    for function in matching.appeared:
        sight = Sight(None, function, None, after.interface_at(function.address))
        change = _change(_presence(function, Aspect.APPEARED), sight, None)
        changes.append(_explained(change, before))
    return tuple(sorted(changes, key=_sort_key))


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


def _change(difference: Difference, sight: Sight, basis: Basis | None) -> Change:
    judgement = TABLE[difference.aspect]
    known = sight.before or sight.after
    assert known is not None, "a change is about some function"
    named = known if known.qdev_id or sight.after is None else sight.after
    explained = "" if basis in (None, Basis.QDEV_ID) else f" (taken for the same device: {basis})"
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
        reason=f"{judgement.reason}{explained}",
        address_before=sight.before.address if sight.before else None,
        address_after=sight.after.address if sight.after else None,
        path_before=sight.before.path if sight.before else None,
        path_after=sight.after.path if sight.after else None,
        consequences=(),
    )
    return replace(change, consequences=consequences(change, sight))


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
