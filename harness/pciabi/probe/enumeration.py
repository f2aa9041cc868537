"""The functions a guest finds, found as its firmware and kernel do.

Function 0 of each slot first; functions 1 to 7 only where function 0 says that there are more;
one slot only behind a PCI Express port; behind each bridge its bus, numbered depth first as
SeaBIOS and OVMF do. Each function is read before anything of it is changed: what is returned
is what stands there out of reset, and no bus number that was handed out on the way shows.

Sources: PCI Local Bus 3.0, 3.2.2.3.4 and 6.1; PCI Express Base 5.0, 7.3.1 (only device 0 behind
a link) and 7.2 (extended space); SeaBIOS, src/fw/pciinit.c; edk2, PciBusDxe.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pciabi.errors import CannotTest
from pciabi.pci import registers as reg
from pciabi.pci import sizing
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.bridge import express_type, leads_to_a_link, reserved_buses
from pciabi.pci.facts import Facts
from pciabi.pci.function import BARS, ROM, Bars, PciFunction, all_bits
from pciabi.qemu.config_access import ConfigAccess, Operation, Read, Sizing, Write

_SLOTS = range(32)
_BEHIND_A_LINK = range(1)
_LAST_BUS = 255


@dataclass(frozen=True)
class Found:
    """A function as it was read, and its path."""

    function: PciFunction
    path: TopologyPath


def enumerate_functions(access: ConfigAccess, roots: Sequence[int]) -> tuple[Found, ...]:
    """Every function a guest finds, `roots` being the numbers of the root buses.

    Raises QemuError where reading fails, CannotTest where the bus numbers do not suffice.
    """
    walk = _Walk(access, roots)
    for root in sorted(roots):
        walk.root(root)
    return tuple(walk.found)


class _Walk:
    """An enumeration under way. `last_bus` is the highest bus number handed out so far."""

    def __init__(self, access: ConfigAccess, roots: Sequence[int]) -> None:
        self._access = access
        self._roots = frozenset(roots)
        self._last_bus = 0
        self.found: list[Found] = []

    def root(self, number: int) -> None:
        """Everything below one root bus."""
        self._last_bus = max(self._last_bus, number)
        self._bus(number, TopologyPath(number, ()), _SLOTS)

    def _bus(self, number: int, above: TopologyPath, slots: range) -> None:
        addresses = self._present(GuestAddress(0, number, slot, 0) for slot in slots)
        configs = self._read(addresses)
        more = self._present(
            GuestAddress(0, number, address.slot, function)
            for address, config in configs.items()
            if config[reg.HEADER_TYPE] & reg.HEADER_MULTI_FUNCTION
            for function in range(1, 8)
        )
        configs |= self._read(more)
        functions = self._sized({address: configs[address] for address in sorted(configs)})
        for function in functions:
            path = above.below(function.address.slot, function.address.function)
            self.found.append(Found(function, path))
            if _header_type(function.config) == reg.HEADER_TYPE_BRIDGE:
                self._bridge(function, path)

    def _present(self, addresses: Iterable[GuestAddress]) -> list[GuestAddress]:
        asked = list(addresses)
        heads = self._access.run([Read(address, reg.VENDOR_ID, 4) for address in asked])
        return [
            address
            for address, head in zip(asked, heads, strict=True)
            if int.from_bytes(head[:2], "little") not in reg.ABSENT_VENDORS
        ]

    def _read(self, addresses: Sequence[GuestAddress]) -> dict[GuestAddress, bytes]:
        reads = [Read(address, 0, self._access.size) for address in addresses]
        configs = self._access.run(reads)
        return {
            address: config[: _space(config)]
            for address, config in zip(addresses, configs, strict=True)
        }

    def _sized(self, configs: dict[GuestAddress, bytes]) -> list[PciFunction]:
        operations: list[Operation] = []
        for address, config in configs.items():
            for span in sizing.spans(_header_type(config)):
                end = span.offset + len(span.ones)
                operations.append(
                    Sizing(address, span.offset, span.ones, config[span.offset : end])
                )
        kept = iter(self._access.run(operations))
        functions = []
        for address, config in configs.items():
            parts = [next(kept) for _ in sizing.spans(_header_type(config))]
            found = config[reg.BAR_BASE : reg.BAR_BASE + len(parts[0])] if parts else b""
            bars = sizing.bars(found, parts[0]) if parts else ()
            rom = sizing.rom_size(parts[1]) if len(parts) > 1 else None
            facts = Facts().having(BARS, Bars(bars, sized=True)).having(ROM, rom)
            functions.append(PciFunction(address, config, all_bits(config), facts))
        return functions

    def _bridge(self, bridge: PciFunction, path: TopologyPath) -> None:
        secondary = self._last_bus + 1
        self._last_bus = secondary
        self._must_be_free(secondary, path)
        self._number(bridge, secondary, _LAST_BUS)
        self._bus(secondary, path, _BEHIND_A_LINK if leads_to_a_link(bridge.config) else _SLOTS)
        self._keep_free(path, secondary, reserved_buses(bridge.config))
        self._number(bridge, secondary, self._last_bus)

    def _must_be_free(self, number: int, bridge: TopologyPath) -> None:
        taken = [root for root in self._roots if bridge.root < root <= number]
        if number > _LAST_BUS or taken:
            why = f"the expander bus {min(taken)} is in the way" if taken else "255 are in use"
            raise CannotTest(
                f"no bus number is left for the bridge at {bridge}: {why}",
                advice="fewer bridges, or expander buses with a higher bus_nr",
            )

    def _keep_free(self, bridge: TopologyPath, secondary: int, reserved: int | None) -> None:
        if reserved is None:
            return
        if secondary + reserved <= self._last_bus:
            # OVMF takes the larger number; SeaBIOS goes back to `reserved` itself, and from
            # there hands out numbers twice, or counts for ever.
            raise CannotTest(
                f"the bridge at {bridge} has bus-reserve={reserved}, fewer than the buses in use "
                "behind it: SeaBIOS does not get past that",
                advice="leave bus-reserve out, or raise it",
            )
        self._last_bus = secondary + reserved
        self._must_be_free(self._last_bus, bridge)

    def _number(self, bridge: PciFunction, secondary: int, subordinate: int) -> None:
        timer = bridge.config[reg.PRIMARY_BUS + 3]
        data = bytes((bridge.address.bus, secondary, subordinate, timer))
        self._access.run([Write(bridge.address, reg.PRIMARY_BUS, data)])


def _header_type(config: bytes) -> int:
    return config[reg.HEADER_TYPE] & reg.HEADER_TYPE_MASK


def _space(config: bytes) -> int:
    """How much of what was read is there: extended space belongs to PCI Express functions, and
    no bus that is not PCI Express on the way carries it."""
    extended = config[reg.CONVENTIONAL_SIZE : reg.CONVENTIONAL_SIZE + 4]
    host_bridge = config[reg.CLASS : reg.CLASS + 2] == reg.CLASS_HOST_BRIDGE.to_bytes(2, "little")
    if extended in (b"", b"\xff\xff\xff\xff"):
        return reg.CONVENTIONAL_SIZE
    if host_bridge or express_type(config) is not None:
        return reg.EXTENDED_SIZE
    return reg.CONVENTIONAL_SIZE
