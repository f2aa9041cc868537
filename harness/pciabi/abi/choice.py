"""Which families of facts are read and compared, as a user chooses them. Pure.

What comes with every function (its place, configuration space, BARs, the size of its ROM) is
always read; of the other families those that are chosen. What is not chosen is unread, and no
comparison speaks of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from pciabi.abi.families import families
from pciabi.abi.family import Reading
from pciabi.abi.snapshot import Snapshot
from pciabi.errors import InputError
from pciabi.pci.facts import Facts

ALL, DEFAULT = "all", "default"
"""Stand for every family, and for those that are read unless others are asked for."""


def chosen(words: Iterable[str]) -> frozenset[str]:
    """The families that these words mean, by their names, those that are always read included.

    Raises InputError for a word that means none.
    """
    meant = {name: frozenset({name}) for name in _names(*Reading)}
    meant |= {ALL: _names(*Reading), DEFAULT: chosen_by_default()}
    names = _names(Reading.WITH_THE_FUNCTION)
    for word in words:
        if word not in meant:
            there_are = ", ".join((*(family.key.name for family in families()), DEFAULT, ALL))
            raise InputError(f"there are no facts called '{word}', only: {there_are}")
        names |= meant[word]
    return names


@cache
def chosen_by_default() -> frozenset[str]:
    """The families that are read unless others are asked for."""
    return _names(Reading.WITH_THE_FUNCTION, Reading.ALWAYS)


def restricted(snapshot: Snapshot, names: frozenset[str]) -> Snapshot:
    """The snapshot without the facts of other families than these, and without what stand-ins
    leave open of those."""
    functions = tuple(one.having(_those_of(one.facts, names)) for one in snapshot.functions)
    others = [family for family in families() if family.key.name not in names]
    substitutions = tuple(
        replace(
            one,
            unknown=tuple(
                field
                for field in one.unknown
                if not any(family.has_field(field) for family in others)
            ),
        )
        for one in snapshot.substitutions
    )
    return replace(
        snapshot,
        functions=functions,
        substitutions=substitutions,
        facts=_those_of(snapshot.facts, names),
    )


def _those_of(facts: Facts, names: frozenset[str]) -> Facts:
    return Facts(tuple((name, fact) for name, fact in facts if name in names))


def _names(*readings: Reading) -> frozenset[str]:
    return frozenset(family.key.name for family in families() if family.reading in readings)
