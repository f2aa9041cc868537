"""YAML read into nodes that know where they stand, with nothing YAML can be abused for.

Several documents in one text are several roots. Aliases are counted as what they expand to;
tags other than YAML's own are refused. Scalars keep the text that was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pciabi.errors import InputError, SourcePosition
from pciabi.vm.config_text import ConfigText
from pciabi.vm.pci_vm import Span
from pciabi.vm.statement import Extent, Kind, Statement

if TYPE_CHECKING:
    import yaml

# PyYAML takes half a minute for so much.
MAX_CHARACTERS = 1_000_000
MAX_NODES = 200_000
MAX_DEPTH = 100
_STANDARD = "tag:yaml.org,2002:"


@dataclass
class Node:
    """A mapping (`entries`), a sequence (`items`) or a scalar (`text`), and where it stands.

    `extent` are its characters, `keys` those of each entry's key.
    """

    start: SourcePosition
    last_line: int
    extent: Extent
    text: str | None = None
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Extent] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)

    @property
    def span(self) -> Span:
        """From its first character to the line of its last."""
        return Span(self.start, self.last_line)

    def at(self, *keys: str) -> Node | None:
        """What lies below those keys, or None."""
        found: Node | None = self
        for key in keys:
            found = found.entries.get(key) if found is not None else None
        return found

    def value(self, *keys: str) -> str | None:
        """The scalar below those keys, or None."""
        found = self.at(*keys)
        return found.text if found is not None else None

    def statements(self) -> tuple[Statement, ...]:
        """What it says: its entries, or its items."""
        keys = [
            _statement(Kind.KEY, name, self.keys[name], node) for name, node in self.entries.items()
        ]
        items = [_statement(Kind.ITEM, "", node.extent, node) for node in self.items]
        return (*keys, *items)

    def each(self, *keys: str) -> Iterator[Node]:
        """The items of the sequence below those keys."""
        found = self.at(*keys)
        return iter(found.items if found is not None else ())


def read(file: str, text: str) -> tuple[Node, ...]:
    """The documents of a text. Raises InputError with line and column."""
    # Not above: most files that are linted are no YAML.
    import yaml

    if len(text) > MAX_CHARACTERS:
        raise InputError(
            f"more than {MAX_CHARACTERS} characters of YAML",
            advice="split it into several files",
            place=SourcePosition(file, 1),
        )
    try:
        composed = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = SourcePosition(file, mark.line + 1, mark.column + 1) if mark else None
        raise InputError(f"not valid YAML: {error.problem or error.context}", place=place) from None
    except yaml.YAMLError as error:
        words = str(error).splitlines()[0]
        raise InputError(f"not valid YAML: {words}", place=SourcePosition(file, 1)) from None
    except RecursionError:
        raise InputError("nested too deeply", place=SourcePosition(file, 1)) from None
    reading = _Reading(ConfigText(file, text))
    return tuple(reading.node(root, 0) for root in composed if root is not None)


def _statement(kind: Kind, name: str, at: Extent, node: Node) -> Statement:
    # An alias stands for what is written elsewhere, in front of it.
    if node.extent.start < at.start:
        return Statement(kind, name, (at,))
    whole = Extent(at.start, max(at.end, node.extent.end))
    return Statement(kind, name, (whole,), (node.extent,), node.statements())


class _Reading:
    """One pass over node trees, counting what aliases expand to."""

    def __init__(self, source: ConfigText) -> None:
        self.source = source
        self.count = 0

    def node(self, node: yaml.Node, depth: int) -> Node:
        start: int = node.start_mark.index
        place = self.source.position_at(start)
        self.count += 1
        if self.count > MAX_NODES or depth > MAX_DEPTH:
            raise InputError("too large or nested too deeply", place=place)
        if not node.tag.startswith(_STANDARD) or node.tag.startswith(f"{_STANDARD}python"):
            raise InputError(f"tag {node.tag} is not allowed", place=place)
        # A comment behind it, up to the next token, is its own.
        last = self.source.position_at(max(start, node.end_mark.index - 1)).line
        found = Node(place, last, Extent(start, node.end_mark.index))
        value = node.value
        if isinstance(value, str):
            found.text = value
        elif value and isinstance(value[0], tuple):
            for key, inner in value:
                if isinstance(key.value, str):
                    found.keys[key.value] = Extent(key.start_mark.index, key.end_mark.index)
                    found.entries[key.value] = self.node(inner, depth + 1)
        else:
            found.items = [self.node(inner, depth + 1) for inner in value]
        found.extent = Extent(start, self.end(node, found))
        return found

    def end(self, node: yaml.Node, found: Node) -> int:
        """The offset behind its last character. PyYAML takes all up to the next token, comments
        too, for part of a block."""
        start, end = found.extent.start, found.extent.end
        if found.text is not None:
            return max(start, len(self.source.text[start:end].rstrip()) + start)
        inner = (*found.entries.values(), *found.items)
        ends = [*(key.end for key in found.keys.values()), *(each.extent.end for each in inner)]
        return end if getattr(node, "flow_style", None) or not ends else max(ends)
