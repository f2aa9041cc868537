"""Where a device sits: its path through the bridges, and the address the guest sees it at.

Guests key devices by it: Windows keeps a device node by location, Linux names NICs by slot or
path. The path is what a configuration pins; a bus number in the address is the firmware's, so
that a new root port in front renumbers the devices behind others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pciabi.abi.difference import Difference
from pciabi.abi.family import FunctionFamily, Reading, StoodInFor, WhereUntold
from pciabi.abi.judgement import breaking
from pciabi.abi.kind import Advice, Kind
from pciabi.abi.opening import Both, Opening
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.facts import Key

MOVED = Kind(
    "moved",
    rank=10,
    advice=Advice(
        "Device moved",
        "The device sits at another place in the PCI topology. Windows takes it for new "
        "hardware; Linux renames network interfaces that are named by slot or path.",
        "Pin the device's address in the configuration: `addr=` (and `bus=`), or libvirt's "
        "<address>.",
    ),
)
RENUMBERED = Kind(
    "renumbered",
    rank=20,
    advice=Advice(
        "Device renumbered",
        "The device kept its place, but a bus in front of it has another number, so its guest "
        "address differs and Linux renames interfaces named by path.",
        "Add bridges and root ports behind the existing ones, and pin their addresses.",
    ),
)
VANISHED = Kind(
    "vanished",
    rank=30,
    advice=Advice(
        "Device vanished",
        "The guest loses a device it has seen before.",
        "Restore the device, or tell the guest's owner that it goes.",
    ),
)
APPEARED = Kind(
    "appeared",
    rank=40,
    advice=Advice(
        "Device appeared",
        "The guest finds a device it has not seen before.",
        "Turn the new default device off, or tell the guest's owner that it comes.",
    ),
)

_ELSEWHERE = breaking("the device sits at another place in the topology, which guests key it by")
_OTHER_ADDRESS = breaking("the guest address differs, and guests name devices by it")
_LOST = breaking("the guest loses a device")
_NEW = breaking("the guest finds a device it has not seen")


@dataclass(frozen=True)
class Place:
    """Where a function is; `path` is None where only its address is known."""

    path: TopologyPath | None
    address: GuestAddress


def vanishing(function: PlacedFunction) -> Difference:
    """The difference of a function that only the earlier snapshot has."""
    return Difference(VANISHED, _LOST, "presence", _here(function), "")


def appearing(function: PlacedFunction) -> Difference:
    """The difference of a function that only the later snapshot has."""
    return Difference(APPEARED, _NEW, "presence", "", _here(function))


def _here(function: PlacedFunction) -> str:
    return f"{function.address} (path {function.path})"


def _place(function: PlacedFunction) -> Place:
    return Place(function.path if function.path_is_read else None, function.address)


def _differences(before: Place, after: Place, _: Both[PlacedFunction]) -> Iterator[Difference]:
    addresses = str(before.address), str(after.address)
    if before.path is None or after.path is None:
        if before.address != after.address:
            yield Difference(MOVED, _ELSEWHERE, "guest address", *addresses)
    elif before.path != after.path:
        yield Difference(MOVED, _ELSEWHERE, "path", str(before.path), str(after.path))
    elif before.address != after.address:
        yield Difference(RENUMBERED, _OTHER_ADDRESS, "guest address", *addresses)


def _openings(both: Both[PlacedFunction]) -> Iterator[Opening]:
    before, after = not both.before.path_is_read, not both.after.path_is_read
    if before or after:
        yield both.silent("path", before=before, after=after)


FAMILY = FunctionFamily(
    key=Key("topology"),
    title="topology",
    rank=10,
    form=None,
    inherent=_place,
    kinds=(MOVED, RENUMBERED, VANISHED, APPEARED),
    judgements=(_ELSEWHERE, _OTHER_ADDRESS, _LOST, _NEW),
    differences=_differences,
    openings=_openings,
    is_told_by=lambda snapshot: any(one.path_is_read for one in snapshot.functions),
    stood_in_for=StoodInFor.TELLS,
    reading=Reading.WITH_THE_FUNCTION,
    where_untold=WhereUntold.LEFT_OPEN,
)
