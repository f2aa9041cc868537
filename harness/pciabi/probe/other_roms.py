"""Option ROMs that are not those which a QEMU was to show: what nobody knows of the devices that
have one. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from pciabi.abi.snapshot import Creation, PlacedFunction, Substitution

_INERT = "those that are there now"
_UNKNOWN = ("expansion ROM size", "expansion ROM content")


def unknown_roms(
    whose: str, functions: Iterable[PlacedFunction], creations: Iterable[Creation]
) -> Iterator[Substitution]:
    """What stands in for the ROM of each device that has one; `whose` says which ROMs it was to
    be, and is empty where it is those."""
    if not whose:
        return
    ordinals: Counter[str] = Counter()
    of_path = {}
    for made in creations:
        if made.qdev_id is None:
            of_path[made.path] = ordinals[made.device]
            ordinals[made.device] += 1
    for function in functions:
        if function.function.rom_size is None:
            continue
        if function.qdev_id is not None:
            yield Substitution(whose, _INERT, function.qdev_id, _UNKNOWN)
        elif function.device is not None and function.path in of_path:
            yield Substitution(
                whose, _INERT, None, _UNKNOWN, function.device, of_path[function.path]
            )
