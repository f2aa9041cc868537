"""Shared by the tests of pci and abi: recordings of real guests, and hypothesis strategies."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

from hypothesis import strategies as st

from pciabi.abi.facts import acpi_index, mac, mount_tag, serial_number
from pciabi.abi.identifying import Identifier
from pciabi.abi.snapshot import (
    INTERFACES,
    Interface,
    NetworkInterface,
    PlacedFunction,
    Provenance,
    Snapshot,
)
from pciabi.pci import listing
from pciabi.pci.address import GuestAddress
from pciabi.pci.facts import UNREAD, Facts, Key, Unread
from pciabi.pci.function import BARS, DRIVER, ROM, Bar, Bars, PciFunction, all_bits
from pciabi.pci.topology import topology_paths

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "lspci"
RECORDINGS = tuple(sorted(path.stem for path in GOLDEN.glob("*.txt")))


@cache
def recorded_text(name: str) -> str:
    """What lspci printed in a recorded guest."""
    return (GOLDEN / f"{name}.txt").read_text()


@cache
def recorded(name: str, probe: str = "boot") -> Snapshot:
    """A recorded guest as a snapshot."""
    facts = json.loads((GOLDEN / f"{name}.json").read_text())
    functions = listing.parse(recorded_text(name))
    paths = topology_paths(functions)
    told = {GuestAddress.parse(said["address"]): said for said in facts["functions"]}
    placed = tuple(
        PlacedFunction(
            identified(function),
            paths[function.address],
            told[function.address]["id"],
            told[function.address]["device"],
        )
        for function in functions
    )
    return snapshot(*placed, probe=probe)


def snapshot(
    *functions: PlacedFunction, nics: tuple[NetworkInterface, ...] = (), probe: str = "boot"
) -> Snapshot:
    """A snapshot of these functions."""
    provenance = Provenance(probe, "7.2.0", "test", "pc-i440fx-7.2", "tcg", "test", "test", ())
    return Snapshot(with_interfaces(functions, nics), provenance)


IDENTIFYING: tuple[Key[Identifier | None], ...] = (
    mac.KEY,
    serial_number.KEY,
    acpi_index.KEY,
    mount_tag.KEY,
)


def identified(function: PciFunction, **stated: str) -> PciFunction:
    """The function with all identifying properties read: these are stated (by the names of
    their families, `_` for `-`), and there are no others."""
    facts = function.facts
    for key in IDENTIFYING:
        value = stated.get(key.name.replace("-", "_"))
        facts = facts.having(key, Identifier(value, stated=True) if value is not None else None)
    return replace(function, facts=facts)


def unidentified(placed: PlacedFunction) -> PlacedFunction:
    """The function with no identifying property read."""
    facts = placed.facts
    for key in IDENTIFYING:
        facts = facts.having(key, UNREAD)
    return placed.having(facts)


def with_interfaces(
    functions: Iterable[PlacedFunction], nics: Iterable[NetworkInterface]
) -> tuple[PlacedFunction, ...]:
    """The functions with these interfaces on them, and no others."""
    on: dict[GuestAddress, tuple[Interface, ...]] = {}
    for nic in nics:
        interface = Interface(nic.mac, nic.driver, nic.name, nic.candidates)
        on[nic.address] = (*on.get(nic.address, ()), interface)
    return tuple(
        one.having(one.facts.having(INTERFACES, on.get(one.address, UNREAD))) for one in functions
    )


def with_bars(
    function: PciFunction, bars: Iterable[Bar] | Unread, *, sized: bool = True
) -> PciFunction:
    """The function with these BARs."""
    value = UNREAD if bars is UNREAD else Bars(tuple(bars), sized=sized)
    return replace(function, facts=function.facts.having(BARS, value))


def with_rom(function: PciFunction, size: int | Unread | None) -> PciFunction:
    """The function with an expansion ROM of this size."""
    return replace(function, facts=function.facts.having(ROM, size))


def with_driver(function: PciFunction, driver: str | Unread | None) -> PciFunction:
    """The function with this kernel driver bound."""
    return replace(function, facts=function.facts.having(DRIVER, driver))


@cache
def distinct_functions() -> tuple[PciFunction, ...]:
    """One recorded function of each kind: all that differ in their ids or header."""
    found: dict[bytes, PciFunction] = {}
    for name in RECORDINGS:
        for function in listing.parse(recorded_text(name)):
            config = function.config
            kind = config[:4] + config[8:16] + config[0x2C:0x30] + bytes([len(config) >> 8])
            found.setdefault(kind, function)
    return tuple(found.values())


def fully_read(address: GuestAddress, config: bytes, driver: str | None = None) -> PciFunction:
    """A function of which everything was read, without BARs."""
    function = PciFunction(address, config, all_bits(config), Facts())
    return with_driver(with_rom(with_bars(function, ()), None), driver)


def flipped(config: bytes, offset: int, mask: int) -> bytes:
    """The bytes with some bits of the register at `offset` turned over."""
    changed = bytearray(config)
    for index in range(4):
        bits = mask >> 8 * index & 0xFF
        if bits:
            changed[offset + index] ^= bits
    return bytes(changed)


addresses = st.builds(
    GuestAddress,
    st.sampled_from([0, 1, 0x10000]),
    st.integers(0, 255),
    st.integers(0, 31),
    st.integers(0, 7),
)


@st.composite
def configs(draw: st.DrawFn) -> bytes:
    """Configuration spaces of any content, most of them with something like capabilities."""
    size = draw(st.sampled_from([64, 128, 256, 4096]))
    config = bytearray(Random(draw(st.integers(0, 1 << 32))).randbytes(size))
    config[0x0E] = draw(st.sampled_from([0, 0x80, 1, 2, 0x7F, 0xFF]))
    if draw(st.booleans()):
        config[0x06] |= 0x10
        config[0x34] = config[0x14] = draw(st.integers(0, 255))
    starts = draw(st.lists(st.integers(0x40, 0xFC).map(lambda n: n & ~3), max_size=8))
    numbers = draw(st.lists(st.integers(0, 0x16), min_size=8, max_size=8))
    for start, following, number in zip(starts, [*starts[1:], 0], numbers, strict=False):
        if start + 2 <= size:
            config[start : start + 2] = bytes([number, following])
    if size == 4096:
        start = 0x100
        for number in draw(st.lists(st.integers(0, 0x32), max_size=8)):
            following = draw(st.integers(0x40, 0x3FF)) << 2
            head = following << 20 | draw(st.integers(0, 15)) << 16 | number
            config[start : start + 4] = head.to_bytes(4, "little")
            if number == 0x23 and start + 10 <= size:
                # A designated capability of Compute Express Link.
                length = draw(st.integers(0, 0x40))
                config[start + 4 : start + 8] = (length << 20 | 0x1E98).to_bytes(4, "little")
                config[start + 8 : start + 10] = bytes([draw(st.integers(0, 10)), 0])
            start = following
    return bytes(config)


functions = st.lists(
    st.builds(fully_read, addresses, configs()),
    min_size=1,
    max_size=5,
    unique_by=lambda function: function.address,
)
