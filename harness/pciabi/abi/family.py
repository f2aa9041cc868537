"""What a family of facts is: a kind of thing a guest sees, in one module of `abi/facts`.

The module's docstring says what the facts are and why a guest depends on them; its `FAMILY` has
all that pciabi knows of them: how they stand in a snapshot file, how they differ, what is left
open, how bad a difference is and what reports say of it. Whoever reads them stands elsewhere,
where their source is. docs/add-a-fact.md shows how to add one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pciabi.abi.difference import Difference
from pciabi.abi.judgement import Judgement
from pciabi.abi.kind import Kind
from pciabi.abi.opening import Both, Opening
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.pci.facts import UNREAD, Key, Unread

S = TypeVar("S", PlacedFunction, Snapshot)
V = TypeVar("V")


class StoodInFor(StrEnum):
    """On which comparisons a fact tells of the user's own device where another stood in for it:
    none, those where one stood in on both sides, or all."""

    TELLS_NOTHING = "tells nothing"
    TELLS_IN_BOTH = "tells where one stood in on both sides"
    TELLS = "tells"


class Reading(StrEnum):
    """When the facts of a family are read: with every function, whoever reads it; unless other
    families are asked for; or only where this one is asked for."""

    WITH_THE_FUNCTION = "with every function"
    ALWAYS = "always"
    ON_REQUEST = "on request"


class Concern(StrEnum):
    """What the changes of a family are changes of, in the words of a scenario's expectations:
    the hardware itself, or tables in which firmware tells of it."""

    HARDWARE = "hardware"
    FIRMWARE_TABLES = "firmware-tables"


class WhereUntold(StrEnum):
    """What a comparison makes of a family of which neither side tells anything: the scope says
    that nobody looked at it, or it is also left open of each subject."""

    NOT_LOOKED_AT = "not looked at"
    LEFT_OPEN = "left open"


@dataclass(frozen=True)
class Form(Generic[V]):
    """How the facts of a family stand in a snapshot file.

    `type` is a type of plain values, tuples and dataclasses that are `Stored`; a fact becomes
    such a value by `write`, and one that was checked becomes a fact by `read`, which raises
    ValueError for what nothing can have.
    """

    type: Any
    write: Callable[[V], Any]
    read: Callable[[Any], V]


def as_it_is(type_: Any) -> Form[Any]:
    """The form of facts that stand in a file as they are."""
    return Form(type_, lambda value: value, lambda value: value)


@dataclass(frozen=True, kw_only=True)
class Family(Generic[S, V]):
    """A family of facts about one sort of subject `S`, a function or the machine.

    `title` names it in the scope of a verdict, None where no verdict rests on it; `rank` says
    where it stands in there and among what is left open. `form` is how its facts stand in a
    snapshot file, and `inherent` finds those that have none there, for the snapshot's own
    structure holds them.
    `differences` tells how two facts differ, each difference of one of the `kinds` and with one
    of the `judgements`; it is not asked where a side did not read the fact. `openings` tells
    what the two sides leave open of a subject. `missing` names what one side lacks, for people
    who look at it alone, and `shown` is a fact in lines for them. `is_told_by` says whether a
    snapshot tells anything of the family; without it one fact suffices. `reading` says when it
    is read, and `where_untold` what follows where nobody did; `concern` says what its changes are
    changes of. `has_field` says whether what a stand-in leaves open of a subject, by this name, is
    a part of a fact of this family.
    """

    key: Key[V]
    title: str | None
    rank: int
    form: Form[V] | None
    kinds: tuple[Kind, ...]
    judgements: tuple[Judgement, ...]
    differences: Callable[[V, V, Both[S]], Iterator[Difference]]
    openings: Callable[[Both[S]], Iterator[Opening]]
    missing: Callable[[S], Iterator[str]] = lambda _: iter(())
    shown: Callable[[V], Iterator[str]] = lambda _: iter(())
    inherent: Callable[[S], V] | None = None
    is_told_by: Callable[[Snapshot], bool] | None = None
    reading: Reading = Reading.ALWAYS
    where_untold: WhereUntold = WhereUntold.NOT_LOOKED_AT
    concern: Concern = Concern.HARDWARE
    has_field: Callable[[str], bool] = lambda _: False

    def fact_of(self, subject: S) -> V | Unread:
        """The fact of a subject, UNREAD where it was not read."""
        if self.inherent is not None:
            return self.inherent(subject)
        fact = subject.facts.get(self.key)
        return fact  # noqa: RET504 - mypy takes the return type for the key's


@dataclass(frozen=True, kw_only=True)
class FunctionFamily(Family[PlacedFunction, V]):
    """A family of facts that each function has its own of."""

    stood_in_for: StoodInFor = StoodInFor.TELLS_NOTHING

    def is_in_scope_of(self, snapshot: Snapshot) -> bool:
        """Whether the snapshot tells anything of the family."""
        if self.is_told_by is not None:
            return self.is_told_by(snapshot)
        return any(self.fact_of(function) is not UNREAD for function in snapshot.functions)


@dataclass(frozen=True, kw_only=True)
class MachineFamily(Family[Snapshot, V]):
    """A family of facts of which the machine has one."""

    def is_in_scope_of(self, snapshot: Snapshot) -> bool:
        """Whether the snapshot tells anything of the family."""
        if self.is_told_by is not None:
            return self.is_told_by(snapshot)
        return self.fact_of(snapshot) is not UNREAD


def left_open_where_unread(key: Key[Any], field: str) -> Callable[[Both[S]], Iterator[Opening]]:
    """The openings of a family whose facts every subject has: the fact, called `field`, wherever
    a side did not read it."""

    def openings(both: Both[S]) -> Iterator[Opening]:
        before, after = (side.facts.get(key) is UNREAD for side in (both.before, both.after))
        if before or after:
            yield both.silent(field, before=before, after=after)

    return openings
