#!/usr/bin/env python3
"""How long two snapshots of thousands of functions take to compare, and whether that grows with
their number or faster.

Usage: bench/compare.py [ROUNDS]      (default 5; run it with the project's own Python)

Three pairs of 1,000 to 8,000 functions: a snapshot and itself; the same but for a register of
each function; and the same where every function sits one slot on and has another id, so that it
is found by what it is; and what each report of the last pair takes. CPU seconds of this process.
Prints Markdown. Target: 4,000 functions, 1 MB as a file, in 0.5 s.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import host
from paired import Spread, table
from pciabi.abi.compare import compare
from pciabi.abi.facts import mac, serial_number
from pciabi.abi.identifying import Identifier
from pciabi.abi.snapshot import (
    INTERFACES,
    Interface,
    PlacedFunction,
    Provenance,
    Snapshot,
)
from pciabi.errors import SourcePosition
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.facts import facts_of
from pciabi.pci.function import BARS, DRIVER, ROM, Bars, PciFunction, all_bits
from pciabi.report.writers import html, json, junit, sarif
from pciabi.result.judged import judge
from pciabi.result.policy import Policy
from pciabi.result.result import Result, of_two_sides
from pciabi.result.side import Side

COUNTS = (1_000, 2_000, 4_000, 8_000)
_NIC = bytes.fromhex("f41a0010 00000000 00000002")
_ORIGIN = Provenance("boot", "7.2.0", "bench", "pc-i440fx-7.2", "tcg", "", "", ())


def placed(number: int, place: int, qdev_id: str | None, config: bytes) -> PlacedFunction:
    """One NIC of 64 bytes; no two are the same."""
    bus, devfn = divmod(place, 256)
    address = GuestAddress(bus >> 8, bus & 0xFF, devfn >> 3, devfn & 7)
    path = TopologyPath(bus, ((address.slot, address.function),))
    stated = Identifier(f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}", stated=True)
    interface = Interface(f"mac{number}", "bench", f"nic{number}", ())
    facts = facts_of(
        {
            BARS.name: Bars((), sized=True),
            ROM.name: None,
            DRIVER.name: None,
            INTERFACES.name: (interface,),
            mac.KEY.name: stated if qdev_id else None,
            serial_number.KEY.name: None,
        }
    )
    function = PciFunction(address, config, all_bits(config), facts)
    return PlacedFunction(function, path, qdev_id, "bench")


def snapshot(count: int, *, shift: int = 0, named: bool = True, revision: int = 0) -> Snapshot:
    """A guest of so many NICs, each with its interface."""
    functions = []
    for number in range(count):
        own = number.to_bytes(4, "little")
        config = bytearray((_NIC + bytes(32) + own).ljust(64, b"\0"))
        config[8] = revision
        name = f"net{number}" if named else None
        functions.append(placed(number, number + shift, name, bytes(config)))
    return Snapshot(tuple(functions), _ORIGIN)


PAIRS: Mapping[str, Callable[[int], tuple[Snapshot, Snapshot]]] = {
    "itself": lambda count: (snapshot(count), snapshot(count)),
    "a register of each": lambda count: (snapshot(count), snapshot(count, revision=1)),
    "found elsewhere": lambda count: (
        snapshot(count, named=False),
        snapshot(count, named=False, shift=8),
    ),
}

WRITERS: Mapping[str, Callable[[Result], str]] = {
    "JSON": json.render,
    "JUnit": junit.render,
    "SARIF": sarif.render,
    "HTML": html.render,
}


def seconds(pair: tuple[Snapshot, Snapshot]) -> float:
    """CPU time of one comparison."""
    started = time.process_time()
    compare(*pair)
    return time.process_time() - started


def writing(pair: tuple[Snapshot, Snapshot], render: Callable[[Result], str]) -> float:
    """CPU time of one report."""
    place = SourcePosition("bench", 1)
    judged = judge(Side("a", pair[0], place, {}), Side("b", pair[1], place, {}), Policy())
    found = of_two_sides(judged, datetime.now(UTC), 0.0)
    started = time.process_time()
    render(found)
    return time.process_time() - started


def row(name: str, measured: Sequence[Callable[[], float]], rounds: int) -> list[str]:
    """One line of the table: what is measured once for each of the counts."""
    spreads = [Spread.of([measure() for _ in range(rounds)]) for measure in measured]
    growth = spreads[-1].median / spreads[0].median
    return [name, *(spread.text(2) for spread in spreads), f"{growth:.1f}"]


def main(arguments: list[str]) -> int:
    """Measure all. Returns the exit code."""
    rounds = int(arguments[0]) if arguments else 5
    print("\n".join(host.facts()), end="\n\n")
    rows = []
    for name, made in PAIRS.items():
        pairs = [made(count) for count in COUNTS]
        rows.append(row(name, [partial(seconds, pair) for pair in pairs], rounds))
    for name, render in WRITERS.items():
        written = [partial(writing, pair, render) for pair in pairs]
        rows.append(row(f"report: {name}", written, rounds))
    counts = (f"{count:,} functions, s" for count in COUNTS)
    print(table(["after", *counts, "growth for 8 times as many"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
