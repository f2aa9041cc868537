"""What ACPI says of the slot that a function is in: `_SUN`, whether there are `_EJ0` and `_DSM`,
and `_PXM`.

Linux names a NIC by `_SUN` (`ens3`), a guest offers to eject what has `_EJ0`, and memory and
interrupts are placed by `_PXM`. It is the place that has them: of a device that has moved, only
the move is told. The device in AML is found by bus and `_ADR`, never by its name; one that
declares none of these is as good as none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.family import Concern, FunctionFamily, StoodInFor, as_it_is
from pciabi.abi.judgement import breaking, notable
from pciabi.abi.kind import KEEP, Advice, Kind
from pciabi.abi.opening import Both, Opening
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.facts import UNREAD, Key
from pciabi.pci.function import Stored


@dataclass(frozen=True)
class AcpiSlot(Stored):
    """What the device in AML declares: the values of `_SUN` and `_PXM`, None where it has none,
    and whether it has `_EJ0` and `_DSM`."""

    sun: int | None
    ej0: bool
    dsm: bool
    pxm: int | None


KEY: Key[AcpiSlot | None] = Key("acpi-slot")

CHANGED = Kind(
    "acpi-slot",
    rank=310,
    advice=Advice(
        "ACPI slot changed",
        "ACPI gives the device's slot another number, or other methods.",
        KEEP,
    ),
)
_NUMBER = breaking("guests name a slot, and the network interface in it, by its number")
_EJECTING = notable("guests offer to eject a device by it")
_METHOD = notable("guests ask it for the device's label and index")
_PROXIMITY = notable("guests place memory and interrupts near the device by it")
_PRESENCE = {False: ABSENT, True: "present"}
_NOTHING = AcpiSlot(None, ej0=False, dsm=False, pxm=None)


def _differences(
    before: AcpiSlot | None, after: AcpiSlot | None, both: Both[PlacedFunction]
) -> Iterator[Difference]:
    if both.before.path != both.after.path:
        return
    old, new = before or _NOTHING, after or _NOTHING
    rows = (
        (_NUMBER, "_SUN", _number(old.sun), _number(new.sun)),
        (_EJECTING, "_EJ0", _PRESENCE[old.ej0], _PRESENCE[new.ej0]),
        (_METHOD, "_DSM", _PRESENCE[old.dsm], _PRESENCE[new.dsm]),
        (_PROXIMITY, "_PXM", _number(old.pxm), _number(new.pxm)),
    )
    for judgement, name, one, two in rows:
        if one != two:
            yield Difference(CHANGED, judgement, name, one, two)


def _number(value: int | None) -> str:
    return ABSENT if value is None else str(value)


def _openings(both: Both[PlacedFunction]) -> Iterator[Opening]:
    """That no table was read is told of the machine; here only what the other side has."""
    old, new = both.before.facts.get(KEY), both.after.facts.get(KEY)
    if (old is UNREAD) != (new is UNREAD) and (
        isinstance(old, AcpiSlot) or isinstance(new, AcpiSlot)
    ):
        yield both.silent("ACPI slot", before=old is UNREAD, after=new is UNREAD)


def _shown(slot: AcpiSlot | None) -> Iterator[str]:
    if slot is None or slot == _NOTHING:
        return
    values = (("_SUN", slot.sun), ("_PXM", slot.pxm))
    methods = (("_EJ0", slot.ej0), ("_DSM", slot.dsm))
    words = [f"{name} {value}" for name, value in values if value is not None]
    yield f"ACPI slot: {', '.join((*words, *(name for name, there in methods if there)))}"


FAMILY = FunctionFamily(
    key=KEY,
    title="ACPI slots",
    rank=310,
    form=as_it_is(AcpiSlot | None),
    kinds=(CHANGED,),
    judgements=(_NUMBER, _EJECTING, _METHOD, _PROXIMITY),
    differences=_differences,
    concern=Concern.FIRMWARE_TABLES,
    openings=_openings,
    shown=_shown,
    stood_in_for=StoodInFor.TELLS,
)
