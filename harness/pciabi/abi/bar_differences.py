"""What differs between the BARs and ROMs of two readings of one function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pciabi.abi.change import Kind
from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.reading import Part, Reading
from pciabi.abi.severity import Aspect
from pciabi.pci import registers as reg
from pciabi.pci.function import Bar, BarKind, PciFunction

_UNITS = ("", "K", "M", "G", "T", "P", "E")
_KIND_NAMES = {
    BarKind.IO: "I/O ports",
    BarKind.MEM16: "memory below 1 MB",
    BarKind.MEM32: "32-bit memory",
    BarKind.MEM64: "64-bit memory",
}


@dataclass(frozen=True)
class BarFacts:
    """A BAR as a guest sees it, wherever it was put. `size` is None where it was not read."""

    kind: str
    prefetchable: bool
    size: int | None

    def __str__(self) -> str:
        return ", ".join(
            (self.kind, *(["prefetchable"] if self.prefetchable else []), shown_size(self.size))
        )

    def differs(self, other: BarFacts) -> bool:
        """Whether the two are known to differ."""
        sizes_differ = None not in (self.size, other.size) and self.size != other.size
        return sizes_differ or (self.kind, self.prefetchable) != (other.kind, other.prefetchable)


def shown_size(size: int | None) -> str:
    """A size in bytes the way lspci writes it: `16K`, `1M`."""
    if size is None:
        return "size unknown"
    unit = 0
    while size and size % 1024 == 0 and unit < len(_UNITS) - 1:
        size //= 1024
        unit += 1
    return f"{size}{_UNITS[unit]}"


def bar_differences(before: Reading, after: Reading) -> Iterator[Difference]:
    """BARs that came, went, or are of another kind or size."""
    if Part.BARS in before.missing | after.missing:
        return
    old, new = bars(before.function), bars(after.function)
    # Without sizes a register that reads as zero tells nothing: such a BAR may be unassigned.
    vague = Part.BAR_SIZES in before.missing | after.missing
    for index in sorted(old.keys() | new.keys()):
        one, two = old.get(index), new.get(index)
        if (one is None or two is None) and vague:
            continue
        if one is None or two is None or one.differs(two):
            yield Difference(
                Kind.BAR,
                Aspect.BAR,
                f"BAR {index}",
                reg.BAR_BASE + 4 * index,
                None,
                str(one or ABSENT),
                str(two or ABSENT),
            )


def rom_difference(before: Reading, after: Reading) -> Iterator[Difference]:
    """A ROM that came, went, or is of another size."""
    if Part.ROM in before.missing | after.missing:
        return
    old, new = rom(before.function), rom(after.function)
    unknown = shown_size(None)
    if old == new or (unknown in (old, new) and ABSENT not in (old, new)):
        return
    header_type = before.function.config[reg.HEADER_TYPE] & reg.HEADER_TYPE_MASK
    offset = reg.ROM_BAR.get(header_type)
    yield Difference(Kind.ROM, Aspect.ROM, "expansion ROM", offset, None, old, new)


def bars(function: PciFunction) -> Mapping[int, BarFacts]:
    """The BARs by index: kind from the register where it holds any bit, else as it was read
    with the size (an unassigned 32-bit BAR reads as zero, like one that is not there)."""
    config = function.config
    listed = {bar.index: bar for bar in function.bars}
    facts: dict[int, BarFacts] = {}
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


def _listed_facts(bar: Bar) -> BarFacts:
    return BarFacts(_KIND_NAMES[bar.kind], bar.prefetchable, bar.size)


def _read_facts(register: int, bar: Bar | None) -> BarFacts:
    size = bar.size if bar else None
    if register & reg.BAR_IO:
        reserved = " (reserved bit set)" if register & reg.BAR_IO_TYPE_MASK & ~reg.BAR_IO else ""
        return BarFacts(_KIND_NAMES[BarKind.IO] + reserved, prefetchable=False, size=size)
    kinds = {
        reg.BAR_WIDTH_32: _KIND_NAMES[BarKind.MEM32],
        reg.BAR_WIDTH_1M: _KIND_NAMES[BarKind.MEM16],
        reg.BAR_WIDTH_64: _KIND_NAMES[BarKind.MEM64],
    }
    kind = kinds.get(register & reg.BAR_WIDTH_MASK, "memory of a reserved type")
    return BarFacts(kind, bool(register & reg.BAR_PREFETCHABLE), size)


def rom(function: PciFunction) -> str:
    """The ROM's size; unknown where only the register shows that there is one."""
    if function.rom_size is not None:
        return shown_size(function.rom_size)
    offset = reg.ROM_BAR.get(function.config[reg.HEADER_TYPE] & reg.HEADER_TYPE_MASK)
    if offset is None:
        return ABSENT
    register = int.from_bytes(function.config[offset : offset + 4], "little")
    return shown_size(None) if register & reg.ROM_ADDRESS_MASK else ABSENT
