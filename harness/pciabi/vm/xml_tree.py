"""XML read into elements that know where they stand, by expat, with nothing XML can be abused for.

A document type is refused, so there are no entities and nothing is fetched. Several documents
behind one another, as `virsh dumpxml` of several domains leaves them, are several roots.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from xml.parsers import expat

from pciabi.errors import InputError, SourcePosition
from pciabi.vm.pci_vm import Span

MAX_DEPTH = 200
_WRAPPER = "<pciabi>"
_DECLARATION = re.compile(r"<\?xml\b[^>]*\?>")


@dataclass
class Element:
    """An element: name, attributes, its own text, its children, and where it stands."""

    name: str
    attributes: Mapping[str, str]
    start: SourcePosition
    children: list[Element] = field(default_factory=list)
    text: str = ""
    last_line: int = 0

    @property
    def span(self) -> Span:
        """From its first character to the line of its last."""
        return Span(self.start, self.last_line)

    def child(self, name: str) -> Element | None:
        """The first child of that name, or None."""
        return next((child for child in self.children if child.name == name), None)

    def all(self, name: str) -> Iterator[Element]:
        """The children of that name."""
        return (child for child in self.children if child.name == name)

    def merged(self, name: str) -> Element | None:
        """All children of that name as one, where the first stands; None without any."""
        found = list(self.all(name))
        if len(found) < 2:
            return found[0] if found else None
        children = [child for element in found for child in element.children]
        return replace(found[0], children=children)

    def below(self, name: str) -> Iterator[Element]:
        """Every element of that name at any depth, none inside another."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            if element.name == name:
                yield element
            else:
                waiting.extend(reversed(element.children))

    def value(self, child: str, attribute: str) -> str | None:
        """An attribute of the first child of that name, None where either is missing."""
        found = self.child(child)
        return found.attributes.get(attribute) if found is not None else None


def read(file: str, text: str) -> Element:
    """The roots of a text as children of one element. Raises InputError with line and column."""
    reading = _Reading(file)
    parser = expat.ParserCreate(encoding="utf-8")
    parser.StartElementHandler = reading.begin
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.characters
    parser.buffer_text = True
    reading.parser = parser
    # A declaration may only stand in front: the wrapper does.
    plain = _DECLARATION.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    try:
        parser.Parse(f"{_WRAPPER}{plain}</pciabi>".encode(errors="replace"), True)  # noqa: FBT003
    except expat.ExpatError as error:
        place = _position(file, error.lineno, error.offset)
        # Inside an element, as all is here, it is a syntax error and never looked at.
        if "<!DOCTYPE" in plain:
            line = plain.count("\n", 0, plain.index("<!DOCTYPE")) + 1
            raise InputError(
                "a document type is not allowed",
                advice="remove <!DOCTYPE …>",
                place=SourcePosition(file, line),
            ) from None
        words = expat.ErrorString(error.code)
        raise InputError(f"not well-formed XML: {words}", place=place) from None
    return reading.root


def _position(file: str, line: int, column: int) -> SourcePosition:
    shift = len(_WRAPPER) if line == 1 else 0
    return SourcePosition(file, line, max(0, column - shift) + 1)


class _Reading:
    """One pass over a text."""

    parser: expat.XMLParserType

    def __init__(self, file: str) -> None:
        self.file = file
        self.root = Element("pciabi", {}, SourcePosition(file, 1))
        self.open: list[Element] = []

    def place(self) -> SourcePosition:
        line, column = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber
        return _position(self.file, line, column)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if not self.open:
            self.open.append(self.root)
            return
        if len(self.open) > MAX_DEPTH:
            raise InputError("nested too deeply", place=self.place())
        element = Element(name.rpartition(":")[2], attributes, self.place())
        self.open[-1].children.append(element)
        self.open.append(element)

    def end(self, _name: str) -> None:
        self.open.pop().last_line = self.parser.CurrentLineNumber

    def characters(self, text: str) -> None:
        self.open[-1].text += text
