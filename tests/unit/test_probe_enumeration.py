"""Enumeration over model machines: found is what a guest finds, numbered as firmware does."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import CannotTest
from pciabi.pci.bridge import reserved_buses
from pciabi.probe.enumeration import enumerate_functions
from pciabi.qemu.config_access import Operation, Write
from tests.unit.machine_model import Bus, Machine, function, length, random_machine, reachable


@given(random_machine())
def test_what_a_guest_finds_is_found_as_it_was(machine: Machine) -> None:
    expected = {path: bytes(one.config) for path, one in reachable(machine).items()}
    found = enumerate_functions(machine, tuple(machine.roots))
    assert {one.path: one.function.config for one in found} == expected


@given(random_machine())
def test_buses_are_numbered_depth_first(machine: Machine) -> None:
    wanted = reachable(machine)
    found = {
        one.path: one.function.address for one in enumerate_functions(machine, tuple(machine.roots))
    }
    last = 0
    for path, one in wanted.items():
        last = max(last, path.root)
        if one.behind is not None:
            last += 1
            assert one.config[0x18:0x1A] == bytes((found[path].bus, last))
            behind = [
                a.bus for p, a in found.items() if p.hops[:-1] == path.hops and p.root == path.root
            ]
            assert set(behind) <= {last}


@given(random_machine())
def test_nothing_but_bus_numbers_is_left_changed(machine: Machine) -> None:
    before = {path: bytes(one.config) for path, one in reachable(machine).items()}
    enumerate_functions(machine, tuple(machine.roots))
    for path, one in reachable(machine).items():
        assert one.config[:0x18] + one.config[0x1B:] == before[path][:0x18] + before[path][0x1B:]


def test_an_expander_bus_in_the_way_is_an_error() -> None:
    inner = Bus({(0, 0): function(multifunction=False, behind=Bus())})
    machine = Machine({0: Bus({(0, 0): function(multifunction=False, behind=inner)}), 2: Bus()})
    with pytest.raises(
        CannotTest, match=r"bridge at 0/00\.0/00\.0: the expander bus 2 is in the way"
    ):
        enumerate_functions(machine, (0, 2))


def reserving(count: int, behind: Bus) -> Machine:
    bridge = function(multifunction=False, behind=behind)
    bridge.config[0:4] = b"\x36\x1b\x01\x00"
    bridge.config[0x06], bridge.config[0x34] = 0x10, 0x40
    bridge.config[0x40:0x48] = bytes((0x09, 0, 32, 1)) + count.to_bytes(4, "little")
    after = function(multifunction=False, behind=Bus())
    return Machine({0: Bus({(1, 0): bridge, (2, 0): after})})


def test_reserved_bus_numbers_are_kept_free() -> None:
    machine = reserving(3, Bus())
    enumerate_functions(machine, (0,))
    assert bytes(machine.roots[0].functions[1, 0].config[0x18:0x1B]) == bytes((0, 1, 4))
    assert machine.roots[0].functions[2, 0].config[0x19] == 5


def test_fewer_reserved_than_used_is_an_error() -> None:
    two = Bus({(0, 0): function(multifunction=False, behind=Bus())})
    with pytest.raises(CannotTest, match="bus-reserve=1, fewer than the buses in use behind it"):
        enumerate_functions(reserving(1, two), (0,))


class Nonsense:
    """A machine that answers each read with other bytes."""

    size = 256

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def run(self, operations: Sequence[Operation]) -> list[bytes]:
        return [
            self._random.randbytes(length(operation))
            for operation in operations
            if not isinstance(operation, Write)
        ]


@given(st.integers(0, 1000))
def test_nonsense_ends(seed: int) -> None:
    with suppress(CannotTest):
        enumerate_functions(Nonsense(seed), (0,))


@given(st.binary(min_size=256, max_size=256))
def test_any_configuration_space_says_what_it_reserves(config: bytes) -> None:
    bridge = b"\x36\x1b\x0c\x00" + config[4:]
    assert (reserved_buses(bridge) or 0) in range(256)
