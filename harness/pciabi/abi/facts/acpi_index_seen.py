"""The index that a guest gets of a device when it asks ACPI for it (`_DSM`, function 7).

systemd names a NIC by it (`eno7`). The property `acpi-index=` is another fact: it reaches the
guest only where QEMU has written a `_DSM` that tells it, which QEMU 7.2 does not do for a device
on `pcie.0`, and 5.2 for none. Devices that can be unplugged have it in QEMU's hot-plug registers,
the others in AML; there it is recognised, and no method is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.facts import acpi_slot
from pciabi.abi.facts.acpi_slot import AcpiSlot
from pciabi.abi.family import Concern, FunctionFamily, StoodInFor, as_it_is
from pciabi.abi.judgement import breaking
from pciabi.abi.kind import Advice, Kind
from pciabi.abi.opening import Both, Opening
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.facts import UNREAD, Key

KEY: Key[int | None] = Key("acpi-index-seen")

CHANGED = Kind(
    "acpi-index",
    rank=320,
    advice=Advice(
        "ACPI index changed",
        "A guest that asks ACPI gets another index of the device: Linux names a network "
        "interface by it.",
        "State `acpi-index=` alike, and put the device where this QEMU tells it to the guest: a "
        "slot that can be hot-plugged.",
    ),
)
_NAMED_BY_IT = breaking("Linux names a network interface by it before anything else")
_FIELD = "ACPI index the guest gets"


def _differences(
    before: int | None, after: int | None, _: Both[PlacedFunction]
) -> Iterator[Difference]:
    if before != after:
        yield Difference(CHANGED, _NAMED_BY_IT, _FIELD, _value(before), _value(after))


def _value(index: int | None) -> str:
    return ABSENT if index is None else str(index)


def _openings(both: Both[PlacedFunction]) -> Iterator[Opening]:
    """That no table was read is told of the machine; here only what there is to read: a `_DSM`
    that is none of QEMU's, or an index on the other side."""
    sides = both.before, both.after
    before, after = (side.facts.get(KEY) is UNREAD for side in sides)
    if (before or after) and any(map(_has_one, sides)):
        yield both.silent(_FIELD, before=before, after=after)


def _has_one(function: PlacedFunction) -> bool:
    index, slot = function.facts.get(KEY), function.facts.get(acpi_slot.KEY)
    return isinstance(index, int) or (index is UNREAD and isinstance(slot, AcpiSlot) and slot.dsm)


def _shown(index: int | None) -> Iterator[str]:
    if index is not None:
        yield f"{_FIELD}: {index}"


FAMILY = FunctionFamily(
    key=KEY,
    title="ACPI indices that guests get",
    rank=320,
    form=as_it_is(int | None),
    kinds=(CHANGED,),
    judgements=(_NAMED_BY_IT,),
    differences=_differences,
    concern=Concern.FIRMWARE_TABLES,
    openings=_openings,
    shown=_shown,
    stood_in_for=StoodInFor.TELLS,
)
