"""Whether a device shows its expansion ROM to the guest (`rombar=`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pciabi.abi.difference import Difference
from pciabi.abi.family import FunctionFamily, as_it_is, left_open_where_unread
from pciabi.abi.judgement import notable
from pciabi.abi.kind import Advice, Kind
from pciabi.abi.opening import Both
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.facts import Key
from pciabi.pci.function import Stored


@dataclass(frozen=True)
class RomBar(Stored):
    """The property's value, in QEMU's words."""

    shown: str


KEY: Key[RomBar | None] = Key("rom-bar")

CHANGED = Kind(
    "rom-bar",
    rank=210,
    advice=Advice("ROM BAR changed", "The ROM is shown, or hidden.", "State `rombar=`."),
)
_HIDDEN = notable("a guest looks for the ROM in vain, or finds one")


def _differences(
    before: RomBar | None, after: RomBar | None, _: Both[PlacedFunction]
) -> Iterator[Difference]:
    if before != after:
        yield Difference(CHANGED, _HIDDEN, "rombar", _shown(before), _shown(after))


def _shown(fact: RomBar | None) -> str:
    return fact.shown if fact is not None else "none"


FAMILY = FunctionFamily(
    key=KEY,
    title="ROM BARs",
    rank=510,
    form=as_it_is(RomBar | None),
    kinds=(CHANGED,),
    judgements=(_HIDDEN,),
    differences=_differences,
    openings=left_open_where_unread(KEY, "rombar"),
)
