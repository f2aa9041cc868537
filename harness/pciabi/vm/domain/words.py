"""Options of a QEMU command line as libvirt writes them, each word with its place in the XML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from pciabi.errors import SourcePosition
from pciabi.vm.command_line.argument import Argument, Run, plain
from pciabi.vm.command_line.option import Option
from pciabi.vm.xml_tree import Element


@dataclass(frozen=True)
class Listing:
    """A value that only JSON can say: a list of objects."""

    items: tuple[Mapping[str, object], ...]


Value = str | int | bool | Listing


class Form(Enum):
    """How an option's value is written."""

    KEY_VALUE = "key=value"
    JSON = "JSON"


@dataclass(frozen=True)
class Property:
    """One name and value of an option, and where in the XML it comes from.

    The value is in JSON's types: a switch is a bool, which key=value form writes as on or off.
    """

    name: str
    value: Value
    place: SourcePosition


def stated(element: Element, *pairs: tuple[str, Value | None]) -> tuple[Property, ...]:
    """Properties that one element says; those whose value is None are not said."""
    return tuple(Property(name, value, element.start) for name, value in pairs if value is not None)


def option(name: str, properties: Sequence[Property], form: Form, implied: str = "") -> Option:
    """An option with properties, at least one; `implied` is the name that key=value form leaves
    out in front of the first value (`driver` of `-device`)."""
    in_form = _json(properties) if form is Form.JSON else _key_value(properties, implied)
    start = properties[0].place
    return Option(name, flag_word(name, start), _argument(list(in_form)))


def bare(name: str, text: str, place: SourcePosition) -> Option:
    """An option whose value is one text."""
    return Option(name, flag_word(name, place), plain(text, place.file, place.line, place.column))


def flag(name: str, place: SourcePosition) -> Option:
    """An option that takes no value."""
    return Option(name, flag_word(name, place), None)


def flag_word(name: str, place: SourcePosition) -> Argument:
    """The word that names an option."""
    return plain(f"-{name}", place.file, place.line, place.column)


def _json(properties: Sequence[Property]) -> Iterator[tuple[str, SourcePosition]]:
    for number, item in enumerate(properties):
        before = "{" if number == 0 else ","
        after = "}" if number == len(properties) - 1 else ""
        value = item.value.items if isinstance(item.value, Listing) else item.value
        yield f"{before}{json.dumps(item.name)}:{json.dumps(value)}{after}", item.place


def _key_value(
    properties: Sequence[Property], implied: str
) -> Iterator[tuple[str, SourcePosition]]:
    for number, item in enumerate(properties):
        text = _as_text(item.value).replace(",", ",,")
        comma = "," if number else ""
        named = number > 0 or item.name != implied
        yield comma + (f"{item.name}={text}" if named else text), item.place


def _as_text(value: Value) -> str:
    assert not isinstance(value, Listing), "only JSON has lists"
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def _argument(pieces: Sequence[tuple[str, SourcePosition]]) -> Argument:
    runs, at = [], 0
    for text, place in pieces:
        runs.append(Run(at, place.line, place.column))
        at += len(text)
    return Argument("".join(text for text, _ in pieces), pieces[0][1].file, tuple(runs))
