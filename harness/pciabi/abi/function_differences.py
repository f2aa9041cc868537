"""What differs between two readings of one function's hardware."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.abi.bar_differences import bar_differences, rom_difference
from pciabi.abi.capability_differences import (
    capability_differences,
    finding_differences,
    keyed_by_content,
    keyed_by_place,
)
from pciabi.abi.change import Kind
from pciabi.abi.difference import Difference
from pciabi.abi.field_differences import field_differences, plain_name, register_differences
from pciabi.abi.reading import Part, Reading
from pciabi.abi.severity import Aspect
from pciabi.pci.capabilities import Capability
from pciabi.pci.chipset import assigned_registers
from pciabi.pci.function import Fact
from pciabi.pci.layout import FieldClass, FieldValue, Topic


def function_differences(
    before: Reading, after: Reading, probes: frozenset[str]
) -> Iterator[Difference]:
    """Every difference in configuration space, BARs and ROM, wherever the function sits.

    What either side left open is no difference. `probes` are the two snapshots'
    `provenance.probe`.
    """
    old, new = before.space, after.space
    whole = before.whole and after.whole
    if whole and old.size != new.size:
        yield Difference(
            Kind.HEADER,
            Aspect.SPACE_SIZE,
            "configuration space size",
            None,
            None,
            f"{old.size} bytes",
            f"{new.size} bytes",
        )
    old_header, new_header = _without_bar_types(old.header), _without_bar_types(new.header)
    yield from field_differences(old_header, new_header, probes, plain_name)
    yield from bar_differences(before, after)
    yield from rom_difference(before, after)
    yield from capability_differences(
        _both_read(before, before, after),
        _both_read(after, before, after),
        probes,
        # Where little is told of a capability, its place says which one it is.
        keyed_by_content if whole else keyed_by_place,
    )
    if whole:
        yield from finding_differences(old.findings, new.findings)
    if old.registers != new.registers:
        assigned = assigned_registers(before.function.config) & assigned_registers(
            after.function.config
        )
        yield from register_differences(old.registers, new.registers, assigned)
    yield from _driver_difference(before, after, probes)


def _without_bar_types(header: tuple[FieldValue, ...]) -> list[FieldValue]:
    """The header without what `bar_differences` tells in one line for each BAR."""
    return [
        value
        for value in header
        if value.field.topic is not Topic.BAR or value.field.field_class is not FieldClass.FIXED
    ]


def _both_read(side: Reading, before: Reading, after: Reading) -> tuple[Capability, ...]:
    """The capabilities of the lists that both sides tell."""
    missing = before.missing | after.missing
    unread = {
        False: Part.CAPABILITY_LIST in missing,
        True: Part.EXTENDED_LIST in missing,
    }
    return tuple(c for c in side.space.capabilities if not unread[c.extended])


def _driver_difference(
    before: Reading, after: Reading, probes: frozenset[str]
) -> Iterator[Difference]:
    told = all(Fact.DRIVER not in side.function.unread for side in (before, after))
    old, new = before.function.driver, after.function.driver
    if told and "cold" not in probes and old != new:
        yield Difference(
            Kind.DRIVER, Aspect.DRIVER, "kernel driver", None, None, old or "none", new or "none"
        )
