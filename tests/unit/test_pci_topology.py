"""Paths out of bus numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import CannotTest
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.function import PciFunction
from pciabi.pci.topology import topology_paths
from tests.unit.strategies import fully_read, recorded


def function(address: str, secondary: int | None = None, ids: str = "36 1b 01 00") -> PciFunction:
    config = bytearray(256)
    config[:4] = bytes.fromhex(ids)
    if secondary is not None:
        config[0x0E] = 0x81
        config[0x19] = secondary
    return fully_read(GuestAddress.parse(address), bytes(config))


@pytest.mark.parametrize(
    ("qdev_id", "path"),
    [
        ("net0", "0/02.0/00.0"),
        ("down1", "0/06.0/00.0/01.0"),
        ("blk0", "0/06.0/00.0/01.0/00.0"),
        ("net3", "0/07.0/00.0/03.0"),
        ("net4", "0/09.0/01.0/02.0"),
        ("port8", "40/00.0"),
        ("scsi0", "40/00.0/00.0"),
    ],
)
def test_paths_in_a_real_guest(qdev_id: str, path: str) -> None:
    found = recorded("qemu-7.2_q35-many").by_id(qdev_id)
    assert found is not None
    assert str(found.path) == path


Tree = dict[int, "Tree | None"]
trees: st.SearchStrategy[Tree] = st.recursive(
    st.dictionaries(st.integers(0, 31), st.none(), max_size=3),
    lambda inner: st.dictionaries(st.integers(0, 31), st.none() | inner, max_size=3),
    max_leaves=20,
)


def enumerated(
    tree: Tree, bus: int, hops: tuple[tuple[int, int], ...], numbers: Iterator[int]
) -> Iterator[tuple[PciFunction, TopologyPath]]:
    """Functions with bus numbers as firmware gives them, depth first, and their true paths."""
    for slot, inner in sorted(tree.items()):
        path = (*hops, (slot, 0))
        secondary = None if inner is None else next(numbers)
        yield function(f"{bus:02x}:{slot:02x}.0", secondary), TopologyPath(0, path)
        if inner is not None and secondary is not None:
            yield from enumerated(inner, secondary, path, numbers)


@given(trees)
def test_any_tree_is_found_again(tree: Tree) -> None:
    truth = list(enumerated(tree, 0, (), iter(range(1, 256))))

    assert topology_paths([found for found, _ in reversed(truth)]) == {
        found.address: path for found, path in truth
    }


def test_another_domain_has_its_own_root() -> None:
    paths = topology_paths([function("0001:00:02.0")])
    assert str(next(iter(paths.values()))) == "100/02.0"


@pytest.mark.parametrize(
    ("functions", "complaint"),
    [
        ([function("00:01.0", 1), function("02:00.0")], "no bridge leads to bus 0000:02"),
        ([function("00:01.0", 1), function("00:02.0", 1)], "both lead to bus 01"),
        ([function("01:00.0", 2), function("02:00.0", 1)], "form a loop"),
        ([function("01:00.0", 1)], "form a loop"),
    ],
)
def test_bus_numbers_without_sense_are_errors(functions: list[PciFunction], complaint: str) -> None:
    with pytest.raises(CannotTest, match=complaint):
        topology_paths(functions)


def test_a_bridge_without_bus_numbers_leads_nowhere() -> None:
    assert len(topology_paths([function("00:01.0", 0), function("00:02.0")])) == 2
