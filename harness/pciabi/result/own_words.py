"""A comparison in the user's own words: devices without an id by driver and line, those that
another one stood in for by their own driver, and no id that pciabi made up. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from pciabi.abi.change import Change
from pciabi.abi.compare import Comparison
from pciabi.abi.naming import label
from pciabi.abi.snapshot import PlacedFunction, Snapshot, is_made_up
from pciabi.abi.unknown import Unknown
from pciabi.pci.address import GuestAddress

Names = Mapping[str, str]
"""What devices are called, by guest address."""

_DEVICE = "-device "


def names(snapshot: Snapshot, own: Names) -> Names:
    """What the devices are called that label would not name; `own` is what the file says."""
    stand_ins = {
        str(function.address): _stood_in_for(function, snapshot)
        for function in snapshot.functions
        if function.qdev_id in snapshot.stand_ins
    }
    return {**stand_ins, **own}


def name(function: PlacedFunction, known: Names) -> str:
    """What a function is called."""
    return known.get(str(function.address)) or label(function, function.qdev_id)


def rename(comparison: Comparison, before: Names, after: Names) -> Comparison:
    """The comparison with every device under its own name."""
    return replace(
        comparison,
        changes=tuple(
            _with_partner(_renamed(change, before, after), before, after)
            for change in comparison.changes
        ),
        unknowns=tuple(_renamed(unknown, before, after) for unknown in comparison.unknowns),
    )


def _with_partner(change: Change, before: Names, after: Names) -> Change:
    """The change with the own name of the device that it exchanged places with, in the same
    file's words: the one that stands now where this one was."""
    own = after.get(str(change.address_before)) or before.get(str(change.address_after))
    if change.exchanged_with is None or own is None:
        return change
    return replace(change, exchanged_with=own)


_Statement = TypeVar("_Statement", Change, Unknown)


def _renamed(statement: _Statement, before: Names, after: Names) -> _Statement:
    own = _own(statement.address_before, statement.address_after, before, after)
    made_up = is_made_up(statement.id)
    if own is None and not made_up:
        return statement
    label_ = own or statement.label
    return replace(statement, id=None if made_up else statement.id, label=label_)


def _own(
    address_before: GuestAddress | None,
    address_after: GuestAddress | None,
    before: Names,
    after: Names,
) -> str | None:
    """The later file's word, where the change is shown; the earlier one's where it has none."""
    return after.get(str(address_after)) or before.get(str(address_before))


def _stood_in_for(function: PlacedFunction, snapshot: Snapshot) -> str:
    options = (s.option for s in snapshot.substitutions if s.qdev_id == function.qdev_id)
    option = next((option for option in options if option.startswith(_DEVICE)), "")
    driver = option.removeprefix(_DEVICE).partition(",")[0]
    device = replace(function, device=driver or function.device)
    return label(device, function.qdev_id)
