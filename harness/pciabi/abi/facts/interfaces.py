"""What a Linux guest calls the network interfaces on a function.

A guest's network configuration refers to an interface by its predictable name, which udev makes
of slot, path, index or MAC address. Only a boot shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pciabi.abi.difference import Difference
from pciabi.abi.family import Form, FunctionFamily, StoodInFor, WhereUntold
from pciabi.abi.identity import is_network_function
from pciabi.abi.judgement import breaking
from pciabi.abi.kind import Advice, Kind
from pciabi.abi.opening import Both, Opening
from pciabi.abi.snapshot import INTERFACES, Interface, PlacedFunction, interfaces_of
from pciabi.pci.function import Stored

RENAMED = Kind(
    "name",
    rank=120,
    advice=Advice(
        "Interface name changed",
        "The guest gives the network interface another name at the same address.",
        "Set `acpi-index=` alike, or name the interface by MAC address in the guest.",
    ),
)
_NAMED = breaking("the guest's network configuration refers to the interface by name")
_ONLY_BOOT = "only a boot shows it"


@dataclass(frozen=True)
class InterfaceForm(Stored):
    """A network interface, as a guest showed it: its predictable name, and all names that udev
    offers for it, by property."""

    mac: str
    driver: str | None
    name: str | None
    candidates: dict[str, str]


def _write(interfaces: tuple[Interface, ...]) -> tuple[InterfaceForm, ...]:
    return tuple(
        InterfaceForm(one.mac, one.driver, one.name, dict(one.candidates)) for one in interfaces
    )


def _read(forms: Any) -> tuple[Interface, ...]:
    return tuple(
        Interface(one.mac, one.driver, one.name, tuple(one.candidates.items())) for one in forms
    )


def _differences(
    before: tuple[Interface, ...], after: tuple[Interface, ...], both: Both[PlacedFunction]
) -> Iterator[Difference]:
    """Another name at the same place: elsewhere it follows from the move."""
    if (both.before.path, both.before.address) != (both.after.path, both.after.address):
        return
    old, new = _first_name(before), _first_name(after)
    if before and after and old != new:
        yield Difference(RENAMED, _NAMED, "interface name", old or "none", new or "none")


def _first_name(interfaces: tuple[Interface, ...]) -> str | None:
    return interfaces[0].name if interfaces else None


def _openings(both: Both[PlacedFunction]) -> Iterator[Opening]:
    if not (is_network_function(both.before) and is_network_function(both.after)):
        return
    before, after = (not interfaces_of(side) for side in (both.before, both.after))
    if before or after:
        yield both.because(_ONLY_BOOT, "interface name", before=before, after=after)


FAMILY = FunctionFamily(
    key=INTERFACES,
    title="interface names",
    rank=150,
    form=Form(tuple[InterfaceForm, ...], _write, _read),
    kinds=(RENAMED,),
    judgements=(_NAMED,),
    differences=_differences,
    openings=_openings,
    is_told_by=lambda snapshot: bool(snapshot.interfaces),
    stood_in_for=StoodInFor.TELLS,
    where_untold=WhereUntold.LEFT_OPEN,
)
