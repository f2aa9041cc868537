"""What differs between two readings of one function's hardware."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pciabi.abi.capability_differences import capability_differences, finding_differences
from pciabi.abi.change import Kind
from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.field_differences import field_differences, plain_name, register_differences
from pciabi.abi.severity import Aspect
from pciabi.pci import registers as reg
from pciabi.pci.chipset import assigned_registers
from pciabi.pci.config_space import decode
from pciabi.pci.function import Bar, BarKind, PciFunction
from pciabi.pci.layout import FieldClass, FieldValue, Topic

_UNITS = ("", "K", "M", "G", "T", "P", "E")
_KIND_NAMES = {
    BarKind.IO: "I/O ports",
    BarKind.MEM16: "memory below 1 MB",
    BarKind.MEM32: "32-bit memory",
    BarKind.MEM64: "64-bit memory",
}


@dataclass(frozen=True)
class _BarFacts:
    kind: str
    prefetchable: bool
    size: int | None

    def __str__(self) -> str:
        return ", ".join(
            (self.kind, *(["prefetchable"] if self.prefetchable else []), shown_size(self.size))
        )


def function_differences(
    before: PciFunction, after: PciFunction, probes: frozenset[str]
) -> Iterator[Difference]:
    """Every difference in configuration space, BARs and ROM, wherever the function sits.

    `probes` are the two snapshots' `provenance.probe`.
    """
    old, new = decode(before.config), decode(after.config)
    if old.size != new.size:
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
    yield from _bar_differences(before, after)
    yield from _rom_difference(before, after)
    yield from capability_differences(old.capabilities, new.capabilities, probes)
    yield from finding_differences(old.findings, new.findings)
    if old.registers != new.registers:
        assigned = assigned_registers(before.config) & assigned_registers(after.config)
        yield from register_differences(old.registers, new.registers, assigned)


def shown_size(size: int | None) -> str:
    """A size in bytes the way lspci writes it: `16K`, `1M`."""
    if size is None:
        return "size unknown"
    unit = 0
    while size and size % 1024 == 0 and unit < len(_UNITS) - 1:
        size //= 1024
        unit += 1
    return f"{size}{_UNITS[unit]}"


def _without_bar_types(header: tuple[FieldValue, ...]) -> list[FieldValue]:
    """The header without what `_bar_differences` tells in one line for each BAR."""
    return [
        value
        for value in header
        if value.field.topic is not Topic.BAR or value.field.field_class is not FieldClass.FIXED
    ]


def _bar_differences(before: PciFunction, after: PciFunction) -> Iterator[Difference]:
    old, new = _bars(before), _bars(after)
    for index in sorted(old.keys() | new.keys()):
        if old.get(index) != new.get(index):
            yield Difference(
                Kind.BAR,
                Aspect.BAR,
                f"BAR {index}",
                reg.BAR_BASE + 4 * index,
                None,
                str(old.get(index, ABSENT)),
                str(new.get(index, ABSENT)),
            )


def _bars(function: PciFunction) -> Mapping[int, _BarFacts]:
    """The BARs by index: kind from the register where it holds any bit, else as it was read
    with the size (an unassigned 32-bit BAR reads as zero, like one that is not there)."""
    config = function.config
    listed = {bar.index: bar for bar in function.bars}
    facts: dict[int, _BarFacts] = {}
    upper_half = False
    for index in range(reg.BAR_COUNT.get(config[reg.HEADER_TYPE] & reg.HEADER_TYPE_MASK, 0)):
        if upper_half:
            upper_half = False
            continue
        offset = reg.BAR_BASE + 4 * index
        register = int.from_bytes(config[offset : offset + 4], "little")
        bar = listed.get(index)
        if register == 0 and bar is None:
            continue
        facts[index] = _listed_facts(bar) if register == 0 and bar else _read_facts(register, bar)
        upper_half = facts[index].kind == _KIND_NAMES[BarKind.MEM64]
    return facts


def _listed_facts(bar: Bar) -> _BarFacts:
    return _BarFacts(_KIND_NAMES[bar.kind], bar.prefetchable, bar.size)


def _read_facts(register: int, bar: Bar | None) -> _BarFacts:
    size = bar.size if bar else None
    if register & reg.BAR_IO:
        reserved = " (reserved bit set)" if register & reg.BAR_IO_TYPE_MASK & ~reg.BAR_IO else ""
        return _BarFacts(_KIND_NAMES[BarKind.IO] + reserved, prefetchable=False, size=size)
    kinds = {
        reg.BAR_WIDTH_32: _KIND_NAMES[BarKind.MEM32],
        reg.BAR_WIDTH_1M: _KIND_NAMES[BarKind.MEM16],
        reg.BAR_WIDTH_64: _KIND_NAMES[BarKind.MEM64],
    }
    kind = kinds.get(register & reg.BAR_WIDTH_MASK, "memory of a reserved type")
    return _BarFacts(kind, bool(register & reg.BAR_PREFETCHABLE), size)


def _rom_difference(before: PciFunction, after: PciFunction) -> Iterator[Difference]:
    old, new = _rom(before), _rom(after)
    if old != new:
        offset = reg.ROM_BAR.get(before.config[reg.HEADER_TYPE] & reg.HEADER_TYPE_MASK)
        yield Difference(Kind.ROM, Aspect.ROM, "expansion ROM", offset, None, old, new)


def _rom(function: PciFunction) -> str:
    """The ROM's size; unknown where only the register shows that there is one."""
    if function.rom_size is not None:
        return shown_size(function.rom_size)
    offset = reg.ROM_BAR.get(function.config[reg.HEADER_TYPE] & reg.HEADER_TYPE_MASK)
    if offset is None:
        return ABSENT
    register = int.from_bytes(function.config[offset : offset + 4], "little")
    return shown_size(None) if register & reg.ROM_ADDRESS_MASK else ABSENT
