"""One side of a comparison: a snapshot, and where it comes from in the user's own files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pciabi.abi.change import Change
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.errors import SourcePosition
from pciabi.result import own_words
from pciabi.vm.drift.made_domain import MadeDomain


@dataclass(frozen=True)
class Side:
    """One of the two: its snapshot and where it comes from.

    `place` is the user's file; `places` say where in it a device stands, by qdev id or else by
    guest address. `own_names` say what the file calls devices that go by no id, by guest address.
    `domain` is what the libvirt of this side made of it, None where none was asked.
    """

    label: str
    snapshot: Snapshot
    place: SourcePosition
    places: Mapping[str, SourcePosition]
    own_names: own_words.Names = field(default_factory=dict)
    domain: MadeDomain | None = None

    @cached_property
    def names(self) -> own_words.Names:
        """What devices are called in the user's own words, by guest address."""
        return own_words.names(self.snapshot, self.own_names)

    def name_of(self, function: PlacedFunction) -> str:
        """What a function of this side is called."""
        return own_words.name(function, self.names)

    def place_of(self, qdev_id: str | None, address: object) -> SourcePosition:
        """Where a device of this side stands in the user's file, or else the file."""
        by_id = self.places.get(qdev_id) if qdev_id else None
        return by_id or self.places.get(str(address)) or self.place


def place_of(change: Change, before: Side, after: Side) -> SourcePosition:
    """Where the changed device stands in the later file, or in the earlier one if it is gone
    from the later."""
    if change.address_after is not None:
        return after.place_of(change.id, change.address_after)
    return before.place_of(change.id, change.address_before)
