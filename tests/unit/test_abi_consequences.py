"""What guest operating systems make of changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pciabi.abi.change import Change, Consequence, Harm, Outcome
from pciabi.abi.compare import compare
from pciabi.abi.facts.topology import MOVED, RENUMBERED
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import NetworkInterface, PlacedFunction, Snapshot
from pciabi.pci.address import GuestAddress, TopologyPath
from tests.unit.strategies import RECORDINGS, flipped, recorded, snapshot


def device(
    recording: str, qdev_id: str, *, path: str = "0/03.0", address: str = "0000:00:03.0"
) -> PlacedFunction:
    """A recorded device put elsewhere."""
    placed = recorded(recording).by_id(qdev_id)
    assert placed is not None
    function = replace(placed.function, address=GuestAddress.parse(address))
    return replace(placed, function=function, path=TopologyPath.parse(path))


def with_name(placed: PlacedFunction, name: str | None) -> Snapshot:
    nic = NetworkInterface(placed.address, "52:54:00:00:00:02", "virtio_net", name, ())
    return snapshot(placed, nics=(nic,))


def breaking(before: Snapshot, after: Snapshot) -> Change:
    (change,) = [c for c in compare(before, after).changes if c.severity is Severity.BREAKING]
    return change


def about(change: Change, harm: Harm) -> Consequence:
    (found,) = [c for c in change.consequences if c.harm is harm]
    return found


NIC = ("qemu-7.2_pc-many", "net0")
SERIAL = ("qemu-7.2_q35-many", "net1")
ELSEWHERE = {"path": "0/04.0", "address": "0000:00:04.0"}
OTHER_BUS = {"address": "0000:01:03.0"}


def test_a_moved_nic_is_renamed_and_a_new_device_to_windows() -> None:
    change = breaking(with_name(device(*NIC), "ens3"), with_name(device(*NIC, **ELSEWHERE), "ens4"))

    linux, windows = about(change, Harm.LINUX_NAME), about(change, Harm.WINDOWS_IDENTITY)
    assert change.kind == MOVED
    assert linux.outcome is Outcome.CHANGED
    assert linux.message == "the interface is renamed from ens3 to ens4"
    assert windows.outcome is Outcome.CHANGED
    assert "Instance IDs" in windows.source


def test_a_moved_nic_that_keeps_its_name_says_so() -> None:
    change = breaking(with_name(device(*NIC), "eno7"), with_name(device(*NIC, **ELSEWHERE), "eno7"))
    assert about(change, Harm.LINUX_NAME).outcome is Outcome.KEPT


def test_a_name_nobody_saw_is_unknown() -> None:
    change = breaking(snapshot(device(*NIC)), snapshot(device(*NIC, **ELSEWHERE)))
    assert about(change, Harm.LINUX_NAME).outcome is Outcome.UNKNOWN


def test_windows_and_a_moved_device_with_a_serial_number_is_unknown() -> None:
    change = breaking(snapshot(device(*SERIAL)), snapshot(device(*SERIAL, **ELSEWHERE)))
    windows = about(change, Harm.WINDOWS_IDENTITY)

    assert windows.outcome is Outcome.UNKNOWN
    assert "Device Serial Number" in windows.message


def test_windows_and_a_renumbered_device_is_unknown() -> None:
    change = breaking(snapshot(device(*NIC)), snapshot(device(*NIC, **OTHER_BUS)))

    assert change.kind == RENUMBERED
    assert about(change, Harm.WINDOWS_IDENTITY).outcome is Outcome.UNKNOWN


def turned(placed: PlacedFunction, offset: int, mask: int) -> PlacedFunction:
    config = flipped(placed.function.config, offset, mask)
    return replace(placed, function=replace(placed.function, config=config))


@pytest.mark.parametrize(
    ("what", "offset", "outcome"),
    [
        (NIC, 0x08, Outcome.CHANGED),
        (NIC, 0x2E, Outcome.CHANGED),
        (NIC, 0x09, Outcome.KEPT),
        (NIC, 0x3D, Outcome.KEPT),
        (SERIAL, 0x144, Outcome.UNKNOWN),
    ],
    ids=["revision", "subsystem", "class", "pin", "serial number"],
)
def test_what_windows_keys_a_device_by(
    what: tuple[str, str], offset: int, outcome: Outcome
) -> None:
    before = device(*what)
    change = breaking(snapshot(before), snapshot(turned(before, offset, 0x02)))
    assert about(change, Harm.WINDOWS_IDENTITY).outcome is outcome


def test_nothing_is_called_kept_beside_a_move_or_another_id() -> None:
    before = device(*NIC)
    pin = turned(before, 0x3D, 0x02)
    for after in (
        turned(pin, 0x08, 0x02),
        turned(device(*NIC, **ELSEWHERE), 0x3D, 0x02),
        turned(device(*NIC, **OTHER_BUS), 0x3D, 0x02),
    ):
        for change in compare(snapshot(before), snapshot(after)).changes:
            assert all(c.outcome is not Outcome.KEPT for c in change.consequences)


def test_a_moved_disk_loses_its_links_by_path() -> None:
    disk = ("qemu-7.2_pc-many", "blk0")
    change = breaking(snapshot(device(*disk)), snapshot(device(*disk, **ELSEWHERE)))
    assert "/dev/disk/by-path" in about(change, Harm.LINUX_NAME).message


def test_every_consequence_has_a_source_and_unknown_never_reads_like_kept() -> None:
    guests = [recorded(name) for name in RECORDINGS]
    first, *rest = guests[0].functions
    # A device-specific register differs: notable, and nothing a guest would stumble over.
    config = flipped(first.function.config, 0xF0, 0x01)
    touched = replace(first, function=replace(first.function, config=config))
    guests.append(replace(guests[0], functions=(touched, *rest)))
    found = {
        consequence
        for one in guests
        for two in guests
        for change in compare(one, two).changes
        for consequence in change.consequences
    }
    assert {consequence.outcome for consequence in found} == set(Outcome)
    for consequence in found:
        assert consequence.source
        if consequence.outcome is Outcome.UNKNOWN:
            assert "not known" in consequence.message
            assert "keeps" not in consequence.message
            assert "stays" not in consequence.message
