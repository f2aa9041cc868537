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
from pciabi.vm.command_line.argument import Argument, runs_of
from pciabi.vm.config_text import ConfigText
from pciabi.vm.pci_vm import Span
from pciabi.vm.statement import Extent, Kind, Statement

MAX_DEPTH = 200
_WRAPPER = "<pciabi>"
# White space in a value is kept only as a reference.
_REFERENCES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "\n": "#10", "\r": "#13", "\t": "#9"}
_ESCAPED = str.maketrans({character: f"&{name};" for character, name in _REFERENCES.items()})
_DECLARATION = re.compile(r"<\?xml\b[^>]*\?>")
_TAG = re.compile(r"<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?>")
_ATTRIBUTE = re.compile(
    r"(?P<name>[^\s=<>/]+)\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')"
)
# A reference stands for one character, and so does a line end.
_CHARACTER = re.compile(r"&[^;]*;|\r\n|.", re.DOTALL)


@dataclass
class Element:
    """An element: name, attributes, its own text, its children, and where it stands.

    `begin` and `end` are the offsets in `source` of its first character and behind its last,
    `content` is where its content begins, at `end` where it has none. `prefix` is that of its
    namespace, empty where it has none.
    """

    name: str
    attributes: Mapping[str, str]
    start: SourcePosition
    children: list[Element] = field(default_factory=list)
    text: str = ""
    last_line: int = 0
    source: ConfigText | None = field(default=None, repr=False)
    begin: int = 0
    content: int = 0
    end: int = 0
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

    def statement(self) -> Statement:
        """The element as it is written, its attributes and children in order."""
        assert self.source is not None, "only one that was read is written anywhere"
        inside: tuple[Extent, ...] = ()
        if self.content < self.end:
            inside = (Extent(self.content, self.source.text.rindex("<", 0, self.end)),)
        parts = (*self._attributes(), *(child.statement() for child in self.children))
        return Statement(Kind.ELEMENT, self.name, (Extent(self.begin, self.end),), inside, parts)

    def _attributes(self) -> Iterator[Statement]:
        assert self.source is not None
        for match in _ATTRIBUTE.finditer(self.source.text, self.begin, self.content):
            value = Extent(*match.span("single" if match["double"] is None else "double"))
            yield Statement(Kind.ATTRIBUTE, match["name"], (Extent(*match.span()),), (value,))

    def argument(self, name: str) -> Argument:
        """An attribute's value, empty where there is none, each character at its place."""
        file, text = self.start.file, self.attributes.get(name, "")
        attributes = self._attributes() if self.source is not None else iter(())
        found = next((a for a in attributes if a.name == name), None)
        if self.source is None or found is None:
            return Argument(text, file, runs_of([(self.start.line, self.start.column)]))
        (value,) = found.value
        source = self.source
        at = [m.start() for m in _CHARACTER.finditer(source.text, value.start, value.end)]
        places = [source.position_at(offset) for offset in (at or [value.start])]
        return Argument(text, file, runs_of([(place.line, place.column) for place in places]))


def read(file: str, text: str) -> Element:
    """The roots of a text as children of one element. Raises InputError with line and column."""
    # A declaration may only stand in front: the wrapper does.
    plain = _DECLARATION.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    reading = _Reading(ConfigText(file, text), plain.encode(errors="replace"))
    try:
        reading.run()
    except expat.ExpatError as error:
        # Inside an element, as all is here, it is a syntax error and never looked at.
        if "<!DOCTYPE" in plain:
            raise InputError(
                "a document type is not allowed",
                advice="remove <!DOCTYPE …>",
                place=reading.source.position_at(plain.index("<!DOCTYPE")),
            ) from None
        words = expat.ErrorString(error.code)
        raise InputError(f"not well-formed XML: {words}", place=reading.place()) from None
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
    """One pass over a text, whose bytes expat is given within an element of our own."""

    def __init__(self, source: ConfigText, raw: bytes) -> None:
        self.source = source
        self.raw = raw
        self.root = Element("pciabi", {}, source.position(1))
        self.open: list[Element] = []
        # Where expat was last, in bytes and in characters: it only goes on.
        self.last = (0, 0)
        self.parser = expat.ParserCreate(encoding="utf-8")
        self.parser.StartElementHandler = self.begin
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.buffer_text = True

    def run(self) -> None:
        whole = b"".join((_WRAPPER.encode(), self.raw, b"</pciabi>"))
        self.parser.Parse(whole, True)  # noqa: FBT003

    def at(self) -> int:
        """The offset of what expat tells of."""
        there = min(max(0, self.parser.CurrentByteIndex - len(_WRAPPER)), len(self.raw))
        byte, character = self.last if self.last[0] <= there else (0, 0)
        character += len(self.raw[byte:there].decode(errors="ignore"))
        self.last = (there, character)
        return character

    def place(self) -> SourcePosition:
        return self.source.position_at(self.at())

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if not self.open:
            self.open.append(self.root)
            return
        at = self.at()
        place = self.source.position_at(at)
        if len(self.open) > MAX_DEPTH:
            raise InputError("nested too deeply", place=place)
        prefix, _, local = name.rpartition(":")
        element = Element(local, attributes, place, prefix=prefix, source=self.source, begin=at)
        tag = _TAG.match(self.source.text, at)
        element.content = tag.end() if tag is not None else at
        self.open[-1].children.append(element)
        self.open.append(element)

    def end(self, _name: str) -> None:
        element = self.open.pop()
        if element is self.root:
            return
        text = self.source.text
        element.end = element.content
        if not text.endswith("/>", element.begin, element.content):
            element.end = text.index(">", self.at()) + 1
        element.last_line = self.source.position_at(element.end - 1).line

    def characters(self, text: str) -> None:
        self.open[-1].text += text
