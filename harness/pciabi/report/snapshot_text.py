"""A snapshot for people: every function, decoded field by field, without any tool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pciabi.abi import families
from pciabi.abi.difference import ABSENT
from pciabi.abi.facts.bars import shown_bars
from pciabi.abi.facts.rom import shown_rom
from pciabi.abi.reading import reading
from pciabi.abi.snapshot import PlacedFunction, is_made_up
from pciabi.pci.facts import UNREAD
from pciabi.pci.function import BARS, ROM
from pciabi.pci.layout import FieldValue
from pciabi.report import printable
from pciabi.report.words import two_sides
from pciabi.result.side import Side


def render(side: Side) -> str:
    """The text, control characters taken out."""
    return printable.block("\n".join(_lines(side))) + "\n"


def _lines(side: Side) -> Iterator[str]:
    for term, value in two_sides.notes(side):
        yield f"{term}: {value}"
    snapshot = side.snapshot
    yield from families.shown(snapshot)
    for placed in snapshot.functions:
        yield ""
        yield from function_lines(placed, side.name_of(placed))
        interface = snapshot.interface_at(placed.address)
        if interface is not None:
            yield f"  interface {interface.name or 'without a name'}, MAC {interface.mac}"
    for unreachable in snapshot.unreachable:
        own = None if is_made_up(unreachable.qdev_id) else unreachable.qdev_id
        who = own or unreachable.device or "a function"
        yield f"unreachable: {who} at path {unreachable.path}: {unreachable.reason}"
    for substitution in snapshot.substitutions:
        yield f"substituted: {substitution.inert} for {substitution.option}"


def function_lines(placed: PlacedFunction, name: str) -> Iterator[str]:
    """One function, decoded field by field; `name` is what it is called."""
    read = reading(placed.function)
    yield f"{placed.address} (path {placed.path}) {name}"
    if placed.function.driver:
        yield f"  driver {placed.function.driver}"
    yield from _fields(read.space.header)
    yield from _regions(placed)
    for capability in read.space.capabilities:
        version = f" version {capability.version}" if capability.version is not None else ""
        yield f"  capability at 0x{capability.offset:02x}: {capability.name}{version}"
        yield from (f"  {line}" for line in _fields(capability.fields))
    for finding in read.space.findings:
        yield f"  finding at 0x{finding.offset:02x}: {finding.message}"
    yield from (f"  {line}" for line in families.shown(placed))
    missing = [part for family in families.function_families() for part in family.missing(placed)]
    if missing:
        yield f"  not read: {', '.join(sorted(missing))}"


def _regions(placed: PlacedFunction) -> Iterator[str]:
    if placed.facts.get(BARS) is not UNREAD:
        for index, bar in shown_bars(placed.function).items():
            yield f"  BAR {index}: {bar}"
    if placed.facts.get(ROM) is not UNREAD and shown_rom(placed.function) != ABSENT:
        yield f"  expansion ROM: {shown_rom(placed.function)}"


def _fields(values: Iterable[FieldValue]) -> Iterator[str]:
    """One line a field; those that read as zero say nothing of their own."""
    for value in values:
        if value.value:
            field = value.field
            yield f"  0x{value.offset:02x} {field.name}: {value.shown} ({field.field_class})"
