"""The base address registers (BARs) of a function: how many, of which kind and size.

Drivers find a device's registers by them, and a migration fails where the sizes differ. A guest
assigns the addresses in them, so those are no fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.family import Form, FunctionFamily, Reading, WhereUntold
from pciabi.abi.judgement import breaking
from pciabi.abi.kind import KEEP, Advice, Kind
from pciabi.abi.opening import Both, Opening
from pciabi.abi.size import shown_size
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci import registers as reg
from pciabi.pci.facts import UNREAD
from pciabi.pci.function import BARS, Bar, BarKind, Bars, PciFunction

CHANGED = Kind(
    "bar",
    rank=90,
    advice=Advice(
        "BAR changed",
        "A base address register came, went, or is of another kind or size.",
        KEEP,
    ),
)
_FIXED = breaking("kind and size of a BAR are fixed by the hardware")

_NAME = "BARs"
_SIZES = "BAR sizes"
_NO_SIZE = "its size was not read"
_LARGEST = 1 << 64
_KIND_NAMES = {
    BarKind.IO: "I/O ports",
    BarKind.MEM16: "memory below 1 MB",
    BarKind.MEM32: "32-bit memory",
    BarKind.MEM64: "64-bit memory",
}


@dataclass(frozen=True)
class ShownBar:
    """A BAR as a guest sees it, wherever it was put. `size` is None where it was not read."""

    kind: str
    prefetchable: bool
    size: int | None

    def __str__(self) -> str:
        return ", ".join(
            (self.kind, *(["prefetchable"] if self.prefetchable else []), shown_size(self.size))
        )

    def differs(self, other: ShownBar) -> bool:
        """Whether the two are known to differ."""
        sizes_differ = None not in (self.size, other.size) and self.size != other.size
        return sizes_differ or (self.kind, self.prefetchable) != (other.kind, other.prefetchable)


def shown_bars(function: PciFunction) -> Mapping[int, ShownBar]:
    """The BARs by index: kind from the register where it holds any bit, else as it was read
    with the size (an unassigned 32-bit BAR reads as zero, like one that is not there)."""
    config = function.config
    listed = {bar.index: bar for bar in function.bars}
    shown: dict[int, ShownBar] = {}
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
        shown[index] = _as_listed(bar) if register == 0 and bar else _as_read(register, bar)
        upper_half = shown[index].kind == _KIND_NAMES[BarKind.MEM64]
    return shown


def _as_listed(bar: Bar) -> ShownBar:
    return ShownBar(_KIND_NAMES[bar.kind], bar.prefetchable, bar.size)


def _as_read(register: int, bar: Bar | None) -> ShownBar:
    size = bar.size if bar else None
    if register & reg.BAR_IO:
        reserved = " (reserved bit set)" if register & reg.BAR_IO_TYPE_MASK & ~reg.BAR_IO else ""
        return ShownBar(_KIND_NAMES[BarKind.IO] + reserved, prefetchable=False, size=size)
    kinds = {
        reg.BAR_WIDTH_32: _KIND_NAMES[BarKind.MEM32],
        reg.BAR_WIDTH_1M: _KIND_NAMES[BarKind.MEM16],
        reg.BAR_WIDTH_64: _KIND_NAMES[BarKind.MEM64],
    }
    kind = kinds.get(register & reg.BAR_WIDTH_MASK, "memory of a reserved type")
    return ShownBar(kind, bool(register & reg.BAR_PREFETCHABLE), size)


def _differences(before: Bars, after: Bars, both: Both[PlacedFunction]) -> Iterator[Difference]:
    old, new = shown_bars(both.before.function), shown_bars(both.after.function)
    # Without sizes a register that reads as zero tells nothing: such a BAR may be unassigned.
    vague = not (before.sized and after.sized)
    for index in sorted(old.keys() | new.keys()):
        one, two = old.get(index), new.get(index)
        if (one is None or two is None) and vague:
            continue
        if one is None or two is None or one.differs(two):
            yield Difference(
                CHANGED,
                _FIXED,
                f"BAR {index}",
                str(one or ABSENT),
                str(two or ABSENT),
                reg.BAR_BASE + 4 * index,
            )


def _openings(both: Both[PlacedFunction]) -> Iterator[Opening]:
    sides = (both.before, both.after)
    missing = [set(_missing(side)) for side in sides]
    for name in (_NAME, _SIZES):
        before, after = (name in names for names in missing)
        if before or after:
            yield both.silent(name, before=before, after=after)
    if not any(missing):
        old, new = (shown_bars(side.function) for side in sides)
        for index in sorted(old.keys() & new.keys()):
            before, after = old[index].size is None, new[index].size is None
            if before or after:
                yield both.because(_NO_SIZE, f"BAR {index} size", before=before, after=after)


def _missing(function: PlacedFunction) -> Iterator[str]:
    bars = function.facts.get(BARS)
    if bars is UNREAD:
        yield _NAME
    elif not bars.sized:
        yield _SIZES


def _read(bars: Bars) -> Bars:
    indices = [bar.index for bar in bars.listed]
    if len(set(indices)) < len(indices):
        raise ValueError("two BARs have one index")
    for bar in bars.listed:
        if not 0 <= bar.index < max(reg.BAR_COUNT.values()):
            raise ValueError(f"no BAR has the index {bar.index}")
        if bar.size is not None and not 1 <= bar.size <= _LARGEST:
            raise ValueError(f"no BAR has {bar.size} bytes")
    return bars


FAMILY = FunctionFamily(
    key=BARS,
    title="BARs",
    rank=50,
    form=Form(Bars, lambda bars: bars, _read),
    kinds=(CHANGED,),
    judgements=(_FIXED,),
    differences=_differences,
    openings=_openings,
    missing=_missing,
    reading=Reading.WITH_THE_FUNCTION,
    where_untold=WhereUntold.LEFT_OPEN,
)
