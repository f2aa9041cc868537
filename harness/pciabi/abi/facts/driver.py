"""The kernel driver that a Linux guest has bound to a function.

It is the guest's own choice: another one tells of another kernel, or of hardware that an older
driver does not take. No paused machine has one.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.abi.difference import Difference
from pciabi.abi.family import FunctionFamily, Reading, as_it_is
from pciabi.abi.judgement import benign
from pciabi.abi.kind import Advice, Kind
from pciabi.abi.opening import Both, Opening
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.function import DRIVER

CHANGED = Kind(
    "driver",
    rank=150,
    advice=Advice(
        "Kernel driver changed",
        "The guest bound another kernel driver; that is the choice of its software.",
        "Nothing, where the guest's kernel was changed on purpose.",
    ),
)
_GUESTS_CHOICE = benign("the guest's software chooses the driver")


def _differences(
    before: str | None, after: str | None, _: Both[PlacedFunction]
) -> Iterator[Difference]:
    if before != after:
        yield Difference(
            CHANGED, _GUESTS_CHOICE, "kernel driver", before or "none", after or "none"
        )


def _openings(_: Both[PlacedFunction]) -> Iterator[Opening]:
    """Nothing: a driver is no part of the hardware, so nobody misses it."""
    return iter(())


FAMILY = FunctionFamily(
    key=DRIVER,
    # No verdict rests on it.
    title=None,
    rank=160,
    form=as_it_is(str | None),
    kinds=(CHANGED,),
    judgements=(_GUESTS_CHOICE,),
    differences=_differences,
    openings=_openings,
    reading=Reading.WITH_THE_FUNCTION,
)
