"""No pass on nothing: take away any one thing a snapshot stands on, and there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from pciabi.abi.snapshot import NetworkInterface
from pciabi.errors import CannotTest
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.function import PciFunction
from pciabi.probe import agreement
from pciabi.qemu.placement import QemuFunction

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
        tuple(
            PciFunction(address(slot), nic_bytes(), (), None, "virtio-pci", "")
            for slot in slots.values()
        ),
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
    return replace(sight, guest=(sight.guest[0], replace(sight.guest[1], driver=None)))


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
