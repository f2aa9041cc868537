"""From guest addresses to topology paths, through the bridges' secondary bus numbers.

Source: PCI-to-PCI Bridge Architecture 1.2, 3.2.5.4 (Secondary Bus Number); PCI 3.0, 6.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pciabi.errors import CannotTest
from pciabi.pci import registers as reg
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.function import PciFunction

_Bus = tuple[int, int]


def topology_paths(functions: Sequence[PciFunction]) -> Mapping[GuestAddress, TopologyPath]:
    """The path of every function of one guest.

    Bus 0 is a root bus. Another bus that no bridge leads to is one only where an expander
    bridge (`pxb`, `pxb-pcie`) stands for it. The root's number holds the PCI domain in its
    upper bits (`domain << 8 | bus`).

    Raises CannotTest where bridges loop, two lead to one bus, or a bus has no way to it.
    """
    leading = _leading_bridges(functions)
    roots = _root_buses(functions, leading)
    return {
        function.address: _path(function.address, leading, roots, frozenset())
        for function in functions
    }


def secondary_bus(function: PciFunction) -> int | None:
    """The bus number behind a bridge; None for a function that is no bridge, or not set up."""
    if len(function.config) < reg.HEADER_SIZE:
        return None
    kind = function.config[reg.HEADER_TYPE] & reg.HEADER_TYPE_MASK
    if kind not in (reg.HEADER_TYPE_BRIDGE, reg.HEADER_TYPE_CARDBUS):
        return None
    return function.config[reg.SECONDARY_BUS] or None


def _leading_bridges(functions: Sequence[PciFunction]) -> dict[_Bus, GuestAddress]:
    leading: dict[_Bus, GuestAddress] = {}
    for function in functions:
        number = secondary_bus(function)
        if number is None:
            continue
        bus = (function.address.domain, number)
        if bus in leading:
            raise CannotTest(
                f"bridges {leading[bus]} and {function.address} both lead to bus {number:02x}"
            )
        leading[bus] = function.address
    return leading


def _root_buses(
    functions: Sequence[PciFunction], leading: Mapping[_Bus, GuestAddress]
) -> frozenset[_Bus]:
    buses = {(function.address.domain, function.address.bus) for function in functions}
    headless = {bus for bus in buses if bus not in leading}
    extra = sorted(bus for bus in headless if bus[1] != 0)
    expanders = sum(_is_expander(function) for function in functions)
    if len(extra) > expanders:
        domain, number = extra[-1]
        raise CannotTest(
            f"no bridge leads to bus {domain:04x}:{number:02x}, and it is no root bus: "
            f"{len(extra)} such buses, {expanders} expander bridges",
            advice="the reading is incomplete; read all functions of the guest",
        )
    return frozenset(headless)


def _is_expander(function: PciFunction) -> bool:
    ids = (
        int.from_bytes(function.config[reg.VENDOR_ID : reg.VENDOR_ID + 2], "little"),
        int.from_bytes(function.config[reg.DEVICE_ID : reg.DEVICE_ID + 2], "little"),
    )
    return ids in reg.EXPANDER_BRIDGES


def _path(
    address: GuestAddress,
    leading: Mapping[_Bus, GuestAddress],
    roots: frozenset[_Bus],
    seen: frozenset[_Bus],
) -> TopologyPath:
    bus = (address.domain, address.bus)
    if bus in seen:
        raise CannotTest(f"the bridges that lead to bus {address.bus:02x} form a loop")
    if bus in roots:
        return TopologyPath(address.domain << 8 | address.bus, ((address.slot, address.function),))
    above = _path(leading[bus], leading, roots, seen | {bus})
    return above.below(address.slot, address.function)
