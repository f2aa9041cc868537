"""What was read of one subject, a function or the machine, by families of facts.

What was not read is not there: no default stands for it, so it cannot be taken for equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeVar, cast

V = TypeVar("V")


class Unread(Enum):
    """The type of `UNREAD`."""

    UNREAD = "unread"


UNREAD: Final = Unread.UNREAD
"""Stands where a fact was not read. It equals no fact, and is no fact's absence either."""


@dataclass(frozen=True)
class Key(Generic[V]):
    """The name of a family of facts, as snapshot files have it; `V` is the type of its facts.

    A fact that is None was read: there is none.
    """

    name: str


@dataclass(frozen=True)
class Facts:
    """Facts by the names of their families, in the order of the names."""

    by_name: tuple[tuple[str, object], ...] = ()

    def get(self, key: Key[V]) -> V | Unread:
        """The fact of that family, UNREAD where it was not read."""
        for name, value in self.by_name:
            if name == key.name:
                return cast(V, value)
        return UNREAD

    def having(self, key: Key[V], value: V | Unread) -> Facts:
        """These facts with another one, in place of the one of that family if there is one;
        without it where it is UNREAD."""
        others = ((name, fact) for name, fact in self.by_name if name != key.name)
        added = () if value is UNREAD else ((key.name, value),)
        return Facts(tuple(sorted((*others, *added), key=lambda pair: pair[0])))

    def updated(self, others: Facts) -> Facts:
        """These facts, with the others in place of those of the same families."""
        return facts_of({**dict(self.by_name), **dict(others.by_name)})

    def __iter__(self) -> Iterator[tuple[str, object]]:
        """Pairs of a family's name and its fact."""
        return iter(self.by_name)


def facts_of(by_name: Mapping[str, object]) -> Facts:
    """The facts in a mapping from the names of families."""
    return Facts(tuple(sorted(by_name.items())))
