"""What the families of identifying properties share: what a guest tells one device from another
by besides its place and ids, stated by the configuration or made up by QEMU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.family import FunctionFamily, StoodInFor, WhereUntold, as_it_is
from pciabi.abi.judgement import breaking, notable
from pciabi.abi.kind import Advice, Kind
from pciabi.abi.opening import Both, Opening
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.facts import UNREAD, Key
from pciabi.pci.function import Stored

TITLE = "identifying properties (MAC address, serial number, ACPI index, mount tag)"

PROPERTY = Kind(
    "property",
    rank=130,
    advice=Advice(
        "Identifying property changed",
        "The MAC address, serial number, ACPI index or mount tag differs: guests tell devices "
        "by them.",
        "State the property (`mac=`, `serial=`, …) with its old value.",
    ),
)

STATED = breaking("the configuration gave the device another one, and guests know it by that")
MADE_UP = notable("QEMU made it up, in the order of creation; state `mac=` to keep it")


@dataclass(frozen=True)
class Identifier(Stored):
    """The value of an identifying property of one device.

    `stated`: the configuration says so. A MAC address that it does not state is made up by QEMU,
    in the order of creation, and so identifies nobody.
    """

    value: str
    stated: bool


def stated(function: PlacedFunction, key: Key[Identifier | None]) -> str | None:
    """The value of an identifying property that the configuration states, else None."""
    identifier = function.facts.get(key)
    if identifier is UNREAD or identifier is None:
        return None
    return identifier.value if identifier.stated else None


def identifying_family(
    key: Key[Identifier | None],
    name: str,
    rank: int,
    stood_in_for: StoodInFor,
    is_usual: Callable[[PlacedFunction], bool] = lambda _: False,
) -> FunctionFamily[Identifier | None]:
    """The family of an identifying property that people call `name`.

    Where a side did not read it, it is left open of a device that has one on the other side,
    or that has one in nearly any VM (`is_usual`).
    """

    def differences(
        before: Identifier | None, after: Identifier | None, _: Both[PlacedFunction]
    ) -> Iterator[Difference]:
        if _value(before) != _value(after):
            made_up = before is not None and not before.stated
            judgement = MADE_UP if made_up else STATED
            yield Difference(PROPERTY, judgement, name, _value(before), _value(after))

    def openings(both: Both[PlacedFunction]) -> Iterator[Opening]:
        old, new = both.before.facts.get(key), both.after.facts.get(key)
        if old is not UNREAD and new is not UNREAD:
            return
        has_one = isinstance(old, Identifier) or isinstance(new, Identifier)
        if has_one or is_usual(both.before) or is_usual(both.after):
            yield both.silent(name, before=old is UNREAD, after=new is UNREAD)

    return FunctionFamily(
        key=key,
        title=TITLE,
        rank=rank,
        form=as_it_is(Identifier | None),
        kinds=(PROPERTY,),
        judgements=(STATED, MADE_UP),
        differences=differences,
        openings=openings,
        stood_in_for=stood_in_for,
        where_untold=WhereUntold.LEFT_OPEN,
    )


def _value(identifier: Identifier | None) -> str:
    return identifier.value if identifier is not None else ABSENT
