"""Which device is which."""

from __future__ import annotations

from dataclasses import replace

from pciabi.abi.facts import mac, serial_number
from pciabi.abi.identifying import Identifier
from pciabi.abi.matching import match
from pciabi.abi.pair import Basis
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.facts import Facts
from tests.unit.strategies import RECORDINGS, fully_read, recorded, snapshot

NOTHING_READ = Facts()
E1000, VIRTIO = "86 80 0e 10", "f4 1a 00 10"


def placed(
    slot: int,
    ids: str,
    qdev_id: str | None = None,
    function: int = 0,
    facts: Facts = NOTHING_READ,
) -> PlacedFunction:
    address = GuestAddress(0, 0, slot, function)
    config = bytes.fromhex(ids).ljust(256, b"\0")
    path = TopologyPath(0, ((slot, function),))
    return PlacedFunction(fully_read(address, config), path, qdev_id, None).having(facts)


def told(
    before: list[PlacedFunction], after: list[PlacedFunction]
) -> tuple[list[tuple[int, int, Basis]], list[int], list[int]]:
    """Slots of the pairs with their basis, of what vanished and of what appeared."""
    found = match(snapshot(*before), snapshot(*after))
    return (
        [(p.before.address.slot, p.after.address.slot, p.basis) for p in found.pairs],
        [f.address.slot for f in found.vanished],
        [f.address.slot for f in found.appeared],
    )


def test_a_qdev_id_outranks_path_and_identity() -> None:
    before = [placed(3, VIRTIO, "a"), placed(4, VIRTIO, "b")]
    after = [placed(3, E1000, "b")]
    assert told(before, after) == ([(4, 3, Basis.QDEV_ID)], [3], [])


def test_functions_of_one_id_are_told_apart_by_their_place_in_it() -> None:
    before = [placed(3, VIRTIO, "a", 0), placed(3, VIRTIO, "a", 1)]
    after = [placed(5, VIRTIO, "a", 1), placed(5, VIRTIO, "a", 0)]
    found = match(snapshot(*before), snapshot(*after))

    assert [(p.before.address.function, p.after.address.function) for p in found.pairs] == [
        (0, 0),
        (1, 1),
    ]


def test_other_ids_on_the_same_hardware_at_the_same_path_are_one_device() -> None:
    before, after = [placed(3, VIRTIO, "a")], [placed(3, VIRTIO, "b")]
    assert told(before, after) == ([(3, 3, Basis.PATH)], [], [])


def test_other_ids_on_other_hardware_or_elsewhere_are_two_devices() -> None:
    assert told([placed(3, VIRTIO, "a")], [placed(3, E1000, "b")]) == ([], [3], [3])
    assert told([placed(3, VIRTIO, "a")], [placed(4, VIRTIO, "b")]) == ([], [3], [4])


def test_without_ids_the_same_hardware_elsewhere_is_the_same_device() -> None:
    before = [placed(3, E1000), placed(4, VIRTIO)]
    after = [placed(3, VIRTIO)]
    assert told(before, after) == ([(4, 3, Basis.IDENTITY)], [3], [])


def test_without_ids_other_hardware_at_the_same_path_is_the_same_device() -> None:
    assert told([placed(3, E1000)], [placed(3, VIRTIO)]) == ([(3, 3, Basis.PLACE)], [], [])


def nic(
    slot: int, address: str, qdev_id: str | None = None, *, stated: bool = True
) -> PlacedFunction:
    facts = Facts().having(mac.KEY, Identifier(address, stated))
    return placed(slot, VIRTIO, qdev_id, facts=facts)


def test_a_stated_mac_outranks_an_id_which_libvirt_deals_out_anew() -> None:
    before = [nic(3, "A", "net0"), nic(4, "B", "net1")]
    assert told(before, [nic(4, "B", "net0")]) == ([(4, 4, Basis.MAC)], [3], [])
    swapped = [nic(3, "B", "net0"), nic(4, "A", "net1")]
    assert told(before, swapped) == ([(3, 4, Basis.MAC), (4, 3, Basis.MAC)], [], [])


def test_a_made_up_mac_identifies_nobody() -> None:
    before = [nic(3, "A", "net0", stated=False), nic(4, "B", "net1", stated=False)]
    after = [nic(4, "A", "net1", stated=False)]
    assert told(before, after) == ([(4, 4, Basis.QDEV_ID)], [3], [])
    half = [nic(4, "A", "net1")]
    assert told(before, half) == ([(4, 4, Basis.QDEV_ID)], [3], [])


def test_a_mac_that_two_nics_share_tells_neither() -> None:
    before = [nic(3, "A", "net0"), nic(4, "A", "net1")]
    assert told(before, [nic(4, "A", "net1")]) == ([(4, 4, Basis.QDEV_ID)], [3], [])
    assert told([nic(4, "A", "net1")], before) == ([(4, 4, Basis.QDEV_ID)], [], [3])


def test_a_disk_is_followed_by_its_serial_number() -> None:
    def disk(slot: int, serial: str, qdev_id: str) -> PlacedFunction:
        facts = Facts().having(serial_number.KEY, Identifier(serial, stated=True))
        return placed(slot, VIRTIO, qdev_id, facts=facts)

    before = [disk(3, "one", "d0"), disk(4, "two", "d1")]
    assert told(before, [disk(4, "two", "d0")]) == ([(4, 4, Basis.SERIAL)], [3], [])


def test_other_macs_elsewhere_are_two_devices() -> None:
    assert told([nic(3, "A")], [nic(5, "B")]) == ([], [3], [5])
    assert told([nic(3, "A")], [nic(5, "B", stated=False)]) == ([(3, 5, Basis.IDENTITY)], [], [])
    # At the same place it is one NIC that got another address.
    assert told([nic(3, "A")], [nic(3, "B")]) == ([(3, 3, Basis.PATH)], [], [])


def test_another_class_at_the_same_place_is_another_device() -> None:
    bridge = bytearray(bytes.fromhex(VIRTIO).ljust(256, b"\0"))
    bridge[0x0B] = 6
    other = placed(3, bytes(bridge).hex())
    assert told([placed(3, E1000)], [other]) == ([], [3], [3])


def test_every_function_is_in_exactly_one_place() -> None:
    for one in RECORDINGS:
        for two in RECORDINGS:
            for stripped in (False, True):
                before, after = recorded(one), recorded(two)
                if stripped:
                    bare = tuple(replace(f, qdev_id=None) for f in after.functions)
                    after = replace(after, functions=bare)
                found = match(before, after)
                old = [*(p.before for p in found.pairs), *found.vanished]
                new = [*(p.after for p in found.pairs), *found.appeared]
                assert sorted(f.address for f in old) == [f.address for f in before.functions]
                assert sorted(f.address for f in new) == [f.address for f in after.functions]
