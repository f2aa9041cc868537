"""What a configuration file says, statement by statement, each with the very characters it is
written in: what everything else is a view of, and what edits are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from pciabi.vm.config_text import ConfigText


class Kind(StrEnum):
    """What a statement is in its format. An item is one of a list, and has no name."""

    OPTION = "option"
    PARAMETER = "parameter"
    ELEMENT = "element"
    ATTRIBUTE = "attribute"
    KEY = "key"
    ITEM = "item"


@dataclass(frozen=True)
class Extent:
    """The characters `text[start:end]` of a file's text."""

    start: int
    end: int

    def of(self, source: ConfigText) -> str:
        """The characters themselves."""
        return source.text[self.start : self.end]


@dataclass(frozen=True)
class Statement:
    """One thing that a file says.

    `name` is the format's own word for it: `device`, `interface`, `net0`. `extents` are all of it,
    in one piece but for an option, whose name and argument a script may put together from several
    places. `value` is what it says: an option's argument without its quotes, what stands between
    an element's tags, behind a key, in an attribute's quotes; nothing where it says nothing.
    `parts` are the statements within: parameters, attributes and elements, keys and items.
    """

    kind: Kind
    name: str
    extents: tuple[Extent, ...]
    value: tuple[Extent, ...] = ()
    parts: tuple[Statement, ...] = ()

    @property
    def start(self) -> int:
        """The offset of its first character."""
        return self.extents[0].start

    @property
    def end(self) -> int:
        """The offset behind its last character."""
        return self.extents[-1].end

    def part(self, name: str) -> Statement | None:
        """The last part of that name, which is the one that counts; None without any."""
        return next((part for part in reversed(self.parts) if part.name == name), None)

    def words(self, source: ConfigText) -> str:
        """What it says, as it is written."""
        return "".join(extent.of(source) for extent in self.value)


def every(statements: Iterable[Statement]) -> Iterator[Statement]:
    """The statements, and at any depth those within, each behind the one it is part of."""
    for statement in statements:
        yield statement
        yield from every(statement.parts)
