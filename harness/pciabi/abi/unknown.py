"""What two snapshots leave open about their devices: never a change, and never equal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pciabi.abi.families import function_families, machine_families
from pciabi.abi.family import FunctionFamily, MachineFamily, WhereUntold
from pciabi.abi.naming import MACHINE_LABEL, machine_device, pair_label
from pciabi.abi.opening import Both, Opening, Reason
from pciabi.abi.pair import Pair
from pciabi.abi.snapshot import MACHINE_TYPE, PlacedFunction, Snapshot, Substitution
from pciabi.pci.address import GuestAddress, TopologyPath

F = TypeVar("F", FunctionFamily[Any], MachineFamily[Any])

# Where nothing was read there is nothing to name.
_NOWHERE = GuestAddress(0, 0, 0, 0)


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


class Unknowns:
    """Tells all that two snapshots leave open of the families `looked_at`, by name, or of all."""

    def __init__(
        self, before: Snapshot, after: Snapshot, looked_at: frozenset[str] | None = None
    ) -> None:
        self._looked_at = looked_at
        self._before = before
        self._after = after
        self._probes = before.provenance.probe, after.provenance.probe
        self._replaced = Replaced(before), Replaced(after)
        self._of_functions = self._in_question(function_families())

    def of_pair(self, pair: Pair) -> Iterator[Unknown]:
        """What is left open of a device both have."""
        both = Both(pair.before, pair.after, *self._probes)
        before, after = self._replaced
        for family in self._of_functions:
            for opening in family.openings(both):
                yield _of_pair(pair, opening)
        for opening in _substituted(before.of(pair.before), after.of(pair.after)):
            yield _of_pair(pair, opening)

    def of_machine(self) -> Iterator[Unknown]:
        """What is left open of the machine as a whole; it is told of the first function, the
        host bridge."""
        both = Both(self._before, self._after, *self._probes)
        for family in self._in_question(machine_families()):
            for opening in family.openings(both):
                yield self._of_machine(opening)
        before, after = (
            [one for one in side.substitutions if MACHINE_TYPE in one.unknown]
            for side in (self._before, self._after)
        )
        for opening in _substituted(before, after):
            if opening.field == MACHINE_TYPE:
                yield self._of_machine(opening)

    def _in_question(self, families: Sequence[F]) -> tuple[F, ...]:
        """Those of the families of which something may be left open."""
        sides = self._before, self._after
        return tuple(
            family
            for family in families
            if (self._looked_at is None or family.key.name in self._looked_at)
            and (
                family.where_untold is WhereUntold.LEFT_OPEN
                or any(family.is_in_scope_of(side) for side in sides)
            )
        )

    def _of_machine(self, opening: Opening) -> Unknown:
        addresses = _first(self._before), _first(self._after)
        return _unknown(opening, machine_device(self._before), None, MACHINE_LABEL, addresses)


class Replaced:
    """The substitutions of one snapshot, by the device that they are about."""

    def __init__(self, snapshot: Snapshot) -> None:
        nameless: dict[str, list[TopologyPath]] = {}
        for made in snapshot.creations:
            if made.qdev_id is None:
                nameless.setdefault(made.device, []).append(made.path)
        self._of_device: dict[str, tuple[Substitution, ...]] = {}
        self._of_path: dict[TopologyPath, tuple[Substitution, ...]] = {}
        for one in snapshot.substitutions:
            if one.qdev_id is not None:
                known = self._of_device.get(one.qdev_id, ())
                self._of_device[one.qdev_id] = (*known, one)
            for path in nameless.get(one.device or "", ())[one.ordinal :][:1]:
                self._of_path[path] = (*self._of_path.get(path, ()), one)

    def of(self, function: PlacedFunction) -> tuple[Substitution, ...]:
        """What stood in for backends of this device."""
        if function.qdev_id is not None:
            return self._of_device.get(function.qdev_id, ())
        return self._of_path.get(function.path, ())


def _substituted(
    before: Iterable[Substitution], after: Iterable[Substitution]
) -> Iterator[Opening]:
    old, new = _reasons(before), _reasons(after)
    for field in sorted(old.keys() | new.keys()):
        yield Opening(field, old.get(field), new.get(field))


def _reasons(substitutions: Iterable[Substitution]) -> Mapping[str, Reason]:
    """The fields that substituted backends make unknowable, and why."""
    by_field: dict[str, list[str]] = {}
    for one in substitutions:
        for field in one.unknown:
            words = f"{one.inert} stood in for {one.option}"
            by_field.setdefault(field, []).append(words)
    return {
        field: Reason("; ".join(dict.fromkeys(words)), frozenset(words))
        for field, words in by_field.items()
    }


def _of_pair(pair: Pair, opening: Opening) -> Unknown:
    return _unknown(
        opening,
        pair.before.device or pair.after.device,
        pair.before.qdev_id or pair.after.qdev_id,
        pair_label(pair),
        (pair.before.address, pair.after.address),
    )


def _unknown(
    opening: Opening,
    device: str | None,
    qdev_id: str | None,
    label: str,
    addresses: tuple[GuestAddress, GuestAddress],
) -> Unknown:
    before, after = opening.why_before, opening.why_after
    return Unknown(
        device=device,
        id=qdev_id,
        label=label,
        field=opening.field,
        why_before=before.words if before else "",
        why_after=after.words if after else "",
        address_before=addresses[0],
        address_after=addresses[1],
        excused=before is not None and after is not None and before.kinds == after.kinds,
    )


def _first(snapshot: Snapshot) -> GuestAddress:
    return min((function.address for function in snapshot.functions), default=_NOWHERE)
