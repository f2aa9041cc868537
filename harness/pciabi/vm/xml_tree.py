"""XML read into elements that know where they stand, by expat, with nothing XML can be abused for;
and elements written as XML.

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
# White space in a value is kept only as a reference.
_REFERENCES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "\n": "#10", "\r": "#13", "\t": "#9"}
_ESCAPED = str.maketrans({character: f"&{name};" for character, name in _REFERENCES.items()})
_DECLARATION = re.compile(r"<\?xml\b[^>]*\?>")


@dataclass
class Element:
    """An element: name, attributes, its own text, its children, and where it stands.

    `prefix` is what stands before the colon of its name, which says of whose namespace it is.
    """

    name: str
    attributes: Mapping[str, str]
    start: SourcePosition
    children: list[Element] = field(default_factory=list)
    text: str = ""
    last_line: int = 0
    prefix: str = ""

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

    def with_instead(self, element: Element, other: Element) -> Element:
        """The same with another element in the place of one below it."""
        if self is element:
            return other
        children = [child.with_instead(element, other) for child in self.children]
        return replace(self, children=children)

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


def written(element: Element, indent: str = "") -> str:
    """An element as XML, every name and value escaped, each element on lines of its own."""
    name = f"{element.prefix}:{element.name}" if element.prefix else element.name
    said = "".join(f' {key}="{_escaped(value)}"' for key, value in element.attributes.items())
    if not element.children:
        text = _escaped(element.text.strip())
        return f"{indent}<{name}{said}>{text}</{name}>\n" if text else f"{indent}<{name}{said}/>\n"
    inside = "".join(written(child, indent + "  ") for child in element.children)
    return f"{indent}<{name}{said}>\n{inside}{indent}</{name}>\n"


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED)


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
        prefix, _, local = name.rpartition(":")
        element = Element(local, attributes, self.place(), prefix=prefix)
        self.open[-1].children.append(element)
        self.open.append(element)

    def end(self, _name: str) -> None:
        self.open.pop().last_line = self.parser.CurrentLineNumber

    def characters(self, text: str) -> None:
        self.open[-1].text += text
