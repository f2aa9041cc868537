"""The expansion ROM of a function: whether there is one, and its size.

A guest maps as much as the register asks for, and a migration fails where the sizes differ.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.family import Form, FunctionFamily, Reading, WhereUntold
from pciabi.abi.judgement import breaking
from pciabi.abi.kind import Advice, Kind
from pciabi.abi.opening import Both, Opening
from pciabi.abi.size import SIZE_UNKNOWN, shown_size
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci import registers as reg
from pciabi.pci.facts import UNREAD
from pciabi.pci.function import ROM, PciFunction

CHANGED = Kind(
    "rom",
    rank=100,
    advice=Advice(
        "Expansion ROM changed",
        "The expansion ROM came, went, or is of another size.",
        "Pass the old ROM with `romfile=`, or set `rombar=` and `romsize=`.",
    ),
)
_FIXED = breaking("presence and size of the ROM are fixed by the hardware")
_NAME = "expansion ROM"
_NO_SIZE = "its size was not read"
_LARGEST = 1 << 64


def shown_rom(function: PciFunction) -> str:
    """The ROM's size; unknown where only the register shows that there is one."""
    if function.rom_size is not None:
        return shown_size(function.rom_size)
    offset = reg.ROM_BAR.get(function.config[reg.HEADER_TYPE] & reg.HEADER_TYPE_MASK)
    if offset is None:
        return ABSENT
    register = int.from_bytes(function.config[offset : offset + 4], "little")
    return SIZE_UNKNOWN if register & reg.ROM_ADDRESS_MASK else ABSENT


def _differences(
    _before: int | None, _after: int | None, both: Both[PlacedFunction]
) -> Iterator[Difference]:
    one, two = both.before.function, both.after.function
    old, new = shown_rom(one), shown_rom(two)
    if old == new or (SIZE_UNKNOWN in (old, new) and ABSENT not in (old, new)):
        return
    offset = reg.ROM_BAR.get(one.config[reg.HEADER_TYPE] & reg.HEADER_TYPE_MASK)
    yield Difference(CHANGED, _FIXED, _NAME, old, new, offset)


def _openings(both: Both[PlacedFunction]) -> Iterator[Opening]:
    sides = (both.before, both.after)
    before, after = (side.facts.get(ROM) is UNREAD for side in sides)
    if before or after:
        yield both.silent(_NAME, before=before, after=after)
        return
    shown = [shown_rom(side.function) for side in sides]
    before, after = (size == SIZE_UNKNOWN for size in shown)
    if (before or after) and ABSENT not in shown:
        yield both.because(_NO_SIZE, "expansion ROM size", before=before, after=after)


def _missing(function: PlacedFunction) -> Iterator[str]:
    if function.facts.get(ROM) is UNREAD:
        yield _NAME


def _read(size: int | None) -> int | None:
    if size is not None and not 1 <= size <= _LARGEST:
        raise ValueError(f"no expansion ROM has {size} bytes")
    return size


FAMILY = FunctionFamily(
    key=ROM,
    title="expansion ROM sizes",
    rank=60,
    form=Form(int | None, lambda size: size, _read),
    kinds=(CHANGED,),
    judgements=(_FIXED,),
    differences=_differences,
    openings=_openings,
    missing=_missing,
    reading=Reading.WITH_THE_FUNCTION,
    where_untold=WhereUntold.LEFT_OPEN,
)
