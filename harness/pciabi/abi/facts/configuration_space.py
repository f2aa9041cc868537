"""The configuration space of a function: ids, class, header, capabilities, device-specific
registers.

All that a driver knows of a device before it touches it. What a guest can only read is part of
the hardware; what it may write starts from a reset value; the rest firmware or the device fills
in. A source may tell only some bits of it, and only those are compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.abi import field_kinds as kinds
from pciabi.abi.capability_differences import (
    capability_differences,
    finding_differences,
    keyed_by_content,
    keyed_by_place,
)
from pciabi.abi.difference import Difference
from pciabi.abi.family import FunctionFamily, WhereUntold
from pciabi.abi.family import Reading as WhenRead
from pciabi.abi.field_differences import field_differences, plain_name, register_differences
from pciabi.abi.opening import Both, Opening
from pciabi.abi.reading import Area, Reading, missing_areas, reading
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.pci import registers as reg
from pciabi.pci.capabilities import Capability, extended_offsets
from pciabi.pci.chipset import assigned_registers
from pciabi.pci.facts import Key
from pciabi.pci.function import PciFunction
from pciabi.pci.layout import FieldClass, FieldValue, Topic, dword

_AFTER_THE_CLASS = reg.CLASS + 2
_NOT_ENABLED = "nobody enabled them, so nobody saw them"
_NO_SIZE = "its size was not read"


def _differences(
    before: PciFunction, after: PciFunction, both: Both[PlacedFunction]
) -> Iterator[Difference]:
    if (before.config, before.known) != (after.config, after.known):
        yield from _register_differences(reading(before), reading(after), read_cold=both.read_cold)


def _register_differences(
    before: Reading, after: Reading, *, read_cold: bool
) -> Iterator[Difference]:
    old, new = before.space, after.space
    whole = before.whole and after.whole
    if whole and old.size != new.size:
        yield Difference(
            kinds.HEADER,
            kinds.SPACE_SIZE,
            "configuration space size",
            f"{old.size} bytes",
            f"{new.size} bytes",
        )
    old_header, new_header = _without_bar_types(old.header), _without_bar_types(new.header)
    yield from field_differences(old_header, new_header, plain_name, read_cold=read_cold)
    yield from capability_differences(
        _both_read(before, before, after),
        _both_read(after, before, after),
        # Where little is told of a capability, its place says which one it is.
        keyed_by_content if whole else keyed_by_place,
        read_cold=read_cold,
    )
    if whole:
        yield from finding_differences(old.findings, new.findings)
    if old.registers != new.registers:
        assigned = assigned_registers(before.function.config) & assigned_registers(
            after.function.config
        )
        yield from register_differences(old.registers, new.registers, assigned)


def _without_bar_types(header: tuple[FieldValue, ...]) -> list[FieldValue]:
    """The header without what the family of BARs tells in one line for each."""
    return [
        value
        for value in header
        if value.field.topic is not Topic.BAR or value.field.field_class is not FieldClass.FIXED
    ]


def _both_read(side: Reading, before: Reading, after: Reading) -> tuple[Capability, ...]:
    """The capabilities of the lists that both sides tell."""
    missing = before.missing | after.missing
    unread = {
        False: Area.CAPABILITY_LIST in missing,
        True: Area.EXTENDED_LIST in missing,
    }
    return tuple(c for c in side.space.capabilities if not unread[c.extended])


def _openings(both: Both[PlacedFunction]) -> Iterator[Opening]:
    first, second = (missing_areas(side.function) for side in (both.before, both.after))
    if first or second:
        for area in Area:
            if area in first | second:
                yield both.silent(area.value, before=area in first, after=area in second)
    yield from _virtual_functions(both)


def _virtual_functions(both: Both[PlacedFunction]) -> Iterator[Opening]:
    """A function's virtual functions are there once software enables them. No source tells how
    large their BARs are."""
    sides = both.before.function, both.after.function
    places = [extended_offsets(side.config, reg.EXT_SRIOV) for side in sides]
    if not all(places):
        return
    controls = [
        (side, at + reg.SRIOV_CONTROL) for side, (at, *_) in zip(sides, places, strict=True)
    ]
    before, after = (not side.was_read(at, 2, reg.SRIOV_VF_ENABLE) for side, at in controls)
    if before or after:
        yield both.silent("virtual functions", before=before, after=after)
    else:
        before, after = (not dword(side.config, at) & reg.SRIOV_VF_ENABLE for side, at in controls)
        if before or after:
            yield both.because(_NOT_ENABLED, "virtual functions", before=before, after=after)
    yield both.because(_NO_SIZE, "sizes of VF BARs", before=True, after=True)


def _is_told_by(snapshot: Snapshot) -> bool:
    """More than ids and class, which every snapshot tells."""
    return any(any(one.function.known[_AFTER_THE_CLASS:]) for one in snapshot.functions)


FAMILY = FunctionFamily(
    key=Key("configuration-space"),
    title="configuration space",
    rank=30,
    form=None,
    inherent=lambda function: function.function,
    kinds=(*kinds.BY_TOPIC.values(), kinds.REGISTER),
    judgements=kinds.JUDGEMENTS,
    differences=_differences,
    openings=_openings,
    missing=lambda function: (area.value for area in missing_areas(function.function)),
    is_told_by=_is_told_by,
    reading=WhenRead.WITH_THE_FUNCTION,
    where_untold=WhereUntold.LEFT_OPEN,
)
