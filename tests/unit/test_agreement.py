"""No pass on nothing: take away any one thing a snapshot stands on, and there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.snapshot import NetworkInterface, Unreachable
from pciabi.errors import CannotTest, Disagreement
from pciabi.pci import registers as reg
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.function import PciFunction
from pciabi.probe import agreement, reachability
from pciabi.qemu.device_tree import TreeFunction
from pciabi.qemu.placement import QemuFunction
from tests.unit.strategies import fully_read, with_driver

MACS = {"net0": "52:54:00:ab:00:01", "net1": "52:54:00:ab:00:02"}


def address(slot: int) -> GuestAddress:
    return GuestAddress(0, 0, slot, 0)


def nic_bytes() -> bytes:
    head = bytes.fromhex("f41a 0010 0700 1000 00 000002") + bytes(52)
    return head + bytes(256 - len(head))


@dataclass(frozen=True)
class Sight:
    """All that a boot brings in: what the guest read, what QEMU says, the MACs it gave out."""

    guest: tuple[PciFunction, ...]
    qemu: tuple[QemuFunction, ...]
    interfaces: tuple[NetworkInterface, ...]
    macs: dict[str, str]


def whole() -> Sight:
    slots = {"net0": 3, "net1": 4}
    return Sight(
        tuple(fully_read(address(slot), nic_bytes(), "virtio-pci") for slot in slots.values()),
        tuple(
            QemuFunction(
                address(slot), TopologyPath(0, ((slot, 0),)), 0x1AF4, 0x1000, name, "virtio-net-pci"
            )
            for name, slot in slots.items()
        ),
        tuple(
            NetworkInterface(address(slot), MACS[name], "virtio_net", f"ens{slot}", ())
            for name, slot in slots.items()
        ),
        MACS,
    )


def snapshot(sight: Sight) -> None:
    functions = agreement.placed(sight.guest, sight.qemu)
    agreement.must_be_found(functions, sorted(MACS))
    agreement.must_be_driven(functions, sight.interfaces)
    agreement.must_match_macs(functions, sight.interfaces, sight.macs)


def test_a_whole_sight_is_a_snapshot() -> None:
    snapshot(whole())


def without_driver(sight: Sight) -> Sight:
    return replace(sight, guest=(sight.guest[0], with_driver(sight.guest[1], None)))


def another_device_id(sight: Sight) -> Sight:
    return replace(sight, qemu=(sight.qemu[0], replace(sight.qemu[1], device_id=0x1041)))


def another_path(sight: Sight) -> Sight:
    path = TopologyPath(0, ((4, 0), (0, 0)))
    return replace(sight, qemu=(sight.qemu[0], replace(sight.qemu[1], path=path)))


def without_id(sight: Sight) -> Sight:
    return replace(sight, qemu=(sight.qemu[0], replace(sight.qemu[1], qdev_id=None)))


def swapped_macs(sight: Sight) -> Sight:
    return replace(sight, macs={"net0": MACS["net1"], "net1": MACS["net0"]})


def interface_without_driver(sight: Sight) -> Sight:
    first, second = sight.interfaces
    return replace(sight, interfaces=(first, replace(second, driver=None)))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda s: replace(s, guest=s.guest[:1]), "only QEMU has a function at 0000:00:04.0"),
        (lambda s: replace(s, qemu=s.qemu[:1]), "only the guest has a function at 0000:00:04.0"),
        (another_device_id, "the guest read 1af4:1000, QEMU has 1af4:1041"),
        (another_path, "is at 0/04.0 for the guest and at 0/04.0/00.0 for QEMU"),
        (without_id, "not found in the guest: net1"),
        (without_driver, "no driver is bound to net1"),
        (interface_without_driver, "net1 at 0000:00:04.0 has no network interface"),
        (lambda s: replace(s, interfaces=s.interfaces[:1]), "has no network interface"),
        (swapped_macs, "has MAC 52:54:00:ab:00:02 in QEMU"),
        (lambda s: replace(s, guest=(), qemu=()), "no function"),
    ],
)
def test_whatever_is_missing_or_different_ends_the_case(
    spoil: Callable[[Sight], Sight], words: str
) -> None:
    with pytest.raises(CannotTest, match=words):
        snapshot(spoil(whole()))


def function(slot: int, number: int) -> PciFunction:
    config = bytearray(nic_bytes())
    config[reg.HEADER_TYPE] = reg.HEADER_MULTI_FUNCTION
    return fully_read(GuestAddress(0, 0, slot, number), bytes(config))


def listed(slot: int, number: int) -> QemuFunction:
    where, path = GuestAddress(0, 0, slot, number), TopologyPath(0, ((slot, number),))
    return QemuFunction(where, path, 0x1AF4, 0x1000, f"fn{slot}.{number}", "virtio-net-pci")


def grown(one: QemuFunction) -> TreeFunction:
    return TreeFunction(one.path, 0x1AF4, 0x1000, one.qdev_id, "virtio-net-pci", "pci.0", {})


slots = st.sets(st.tuples(st.integers(0, 4), st.integers(0, 7)), min_size=1, max_size=12)


@given(slots)
def test_what_has_no_function_0_beside_it_is_unreachable_and_nothing_else(
    there: set[tuple[int, int]],
) -> None:
    within_reach = {(slot, number) for slot, number in there if (slot, 0) in there}
    guest = [function(*place) for place in sorted(within_reach)]
    told = [listed(*place) for place in sorted(there)]
    tree = [grown(one) for one in told]

    def hidden(found: list[PciFunction]) -> tuple[Unreachable, ...]:
        seen = {TopologyPath(0, ((f.address.slot, f.address.function),)): f for f in found}
        return reachability.unreachable(seen, tree)

    assert {one.path.hops[0] for one in hidden(guest)} == there - within_reach
    if guest:
        placed = agreement.placed(guest, told, hidden(guest))
        assert {one.path.hops[0] for one in placed} == within_reach
    for missed in range(len(guest)):
        with pytest.raises(Disagreement, match="a guest finds none there"):
            hidden(guest[:missed] + guest[missed + 1 :])


def test_what_the_guest_finds_is_not_called_unreachable() -> None:
    with pytest.raises(Disagreement, match=r"only the guest has a function at 0000:00:05\.1"):
        agreement.placed(
            [function(5, 1)],
            [listed(5, 1)],
            [Unreachable(listed(5, 1).path, None, None, "no function 0")],
        )


def test_all_that_is_behind_an_unreachable_bridge_is_unreachable() -> None:
    tree = [
        TreeFunction(TopologyPath.parse(path), 0x1B36, 1, name, "pci-bridge", "pci.0", {})
        for path, name in (("0/06.1", "br0"), ("0/06.1/04.0", "br1"), ("0/06.1/04.0/02.0", "net1"))
    ]
    hidden = reachability.unreachable({}, tree)
    assert [(one.qdev_id, one.reason) for one in hidden] == [
        ("br0", "slot 6 has no function 0, and guests look at the others only after it"),
        ("br1", "it is behind the bridge at 0/06.1, which no guest finds"),
        ("net1", "it is behind the bridge at 0/06.1, which no guest finds"),
    ]
