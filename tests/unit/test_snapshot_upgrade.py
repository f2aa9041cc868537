"""Snapshot files of older versions: never refused, and nothing taken for read that was not."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.choice import restricted
from pciabi.abi.compare import compare
from pciabi.abi.facts import acpi_index, mac, serial_number
from pciabi.abi.identifying import Identifier
from pciabi.abi.snapshot import interfaces_of
from pciabi.errors import CannotTest, InputError
from pciabi.pci.facts import UNREAD, Facts
from pciabi.pci.function import DRIVER
from pciabi.snapshots import read, write
from pciabi.snapshots.upgrade import READABLE
from tests.unit.strategies import GOLDEN

SNAPSHOTS = GOLDEN.parent / "snapshot"
FIRST, SECOND = SNAPSHOTS / "version-1", SNAPSHOTS / "version-2"
# The facts that files of these versions have; what they lack, nobody has read.
FAMILIES = frozenset({"bars", "rom", "driver", "interfaces", "mac", "serial", "acpi-index"})
FAMILIES |= {"mount_tag"}
BOOTED = "qemu-7.2_pc-i440fx-7.2_booted.json"
NAMES = tuple(sorted(path.name for path in FIRST.glob("*.json")))
NEXT_NAMES = tuple(sorted(path.name for path in SECOND.glob("*.json") if path.name != BOOTED))


def first(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FIRST / name).read_text())
    return loaded


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_the_first_version_tells_what_the_newest_does(name: str) -> None:
    old, new = read.read(FIRST / name), read.read(SNAPSHOTS / name)
    assert [f.function.config for f in old.functions] == [f.function.config for f in new.functions]
    found = compare(old, restricted(new, FAMILIES))
    assert found.changes == ()
    # A NIC's MAC address stands in no file of the first version, unless it was stated.
    unproved = {(u.id, u.field) for u in found.unknowns if not u.excused}
    nics = {(f.qdev_id, "MAC address") for f in old.functions if f.function.config[0x0B] == 2}
    assert unproved <= nics


@pytest.mark.parametrize("name", NEXT_NAMES)
def test_a_file_of_the_second_version_tells_all_that_the_newest_does(name: str) -> None:
    assert read.read(SECOND / name) == restricted(read.read(SNAPSHOTS / name), FAMILIES)


def test_there_is_a_file_of_every_version_that_is_read() -> None:
    *older, newest = READABLE
    kept = [
        {json.loads(path.read_text())["schema"] for path in folder.glob("qemu*.json")}
        for folder in (FIRST, SECOND, SNAPSHOTS)
    ]
    assert kept == [{schema} for schema in (*older, newest)]


def test_what_a_guest_of_the_second_version_called_its_interfaces() -> None:
    guest = read.read(SECOND / BOOTED)
    nic = guest.by_id("net1")
    assert nic is not None
    assert (nic.function.driver, nic.function.rom_size) == ("virtio-pci", 256 << 10)
    names = (("ID_NET_NAME_MAC", "enx525400ab0002"), ("ID_NET_NAME_PATH", "enp0s4"))
    (interface,) = interfaces_of(nic)
    assert (interface.name, interface.mac) == ("ens4", "52:54:00:ab:00:02")
    assert interface.candidates == (*names, ("ID_NET_NAME_SLOT", "ens4"))
    assert nic.facts.get(mac.KEY) == Identifier("52:54:00:ab:00:02", stated=True)
    assert read.parse(write.render(guest).encode(), "x.json") == guest


def test_what_the_second_version_did_not_read_is_unread() -> None:
    old = json.loads((SECOND / "qemu-7.2_pc-two-nics.json").read_text())
    unread = ["BARs", "expansion ROM", "kernel driver", "path"]
    old["functions"][-1] |= {"unread": unread, "identifiers": None}
    snapshot = read.parse(json.dumps(old).encode(), "x.json")
    assert snapshot.functions[-1].facts == Facts()
    assert not snapshot.functions[-1].path_is_read


@pytest.mark.parametrize("folder", [FIRST, SECOND])
def test_no_paused_machine_has_a_driver(folder: Path) -> None:
    old = read.read(folder / "qemu-5.2_pc-i440fx-5.2_nvme.json")
    for function in old.functions:
        assert function.facts.get(DRIVER) is UNREAD


def test_what_the_command_line_states_was_read() -> None:
    disk = read.read(FIRST / "qemu-5.2_pc-i440fx-5.2_nvme.json").by_id("nvme0")
    assert disk is not None
    assert disk.facts.get(serial_number.KEY) == Identifier("one", stated=True)
    old = first("qemu-7.2_pc-two-nics.json")
    old["provenance"]["command_line"] = [
        *("-device", "virtio-net-pci,id=net0,mac=52-54-00-00-00-0A,acpi-index=0x5"),
        *("-device", '{"driver": "virtio-net-pci", "id": "net1"}'),
    ]
    snapshot = read.parse(json.dumps(old).encode(), "x.json")
    stated, made_up = snapshot.by_id("net0"), snapshot.by_id("net1")
    assert stated is not None
    assert made_up is not None
    assert stated.facts.get(mac.KEY) == Identifier("52:54:00:00:00:0a", stated=True)
    assert stated.facts.get(acpi_index.KEY) == Identifier("5", stated=True)
    assert made_up.facts.get(mac.KEY) is UNREAD


def test_a_guest_of_the_first_version_that_saw_no_extended_space_did_not_read_it() -> None:
    old = first("qemu-10.0_pc-q35-10.0_amd-iommu-igb.json")
    for function in old["functions"]:
        function["size"] = min(256, function["size"])
        rows = function["config"].items()
        function["config"] = {offset: row for offset, row in rows if len(offset) == 2}
    old["provenance"]["probe"] = "boot"
    snapshot = read.parse(json.dumps(old).encode(), "x.json")
    open_ = {u.id for u in compare(snapshot, snapshot).unknowns if "extended" in u.field}
    assert {"port0", "net0"} <= open_


TEXTS = tuple((folder / "qemu-7.2_pc-two-nics.json").read_text() for folder in (FIRST, SECOND))
texts = st.sampled_from(TEXTS)


@given(texts, st.data())
def test_any_damage_to_an_old_file_ends_in_a_snapshot_or_one_error(
    text: str, data: st.DataObject
) -> None:
    damaged = bytearray(text[: data.draw(st.sampled_from([3000, len(text)]))].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.sampled_from(b'0z"{}[],:\xff\\ \n') | st.integers(0, 255))
    with suppress(InputError, CannotTest):
        read.parse(bytes(damaged), "x.json")


@given(
    texts,
    st.sampled_from(["provenance", "functions", "substitutions", "interfaces"]),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.dictionaries(st.text(max_size=5), inner) | st.lists(inner),
    ),
)
def test_any_json_in_any_place_of_an_old_file(old: str, key: str, value: Any) -> None:
    text = json.dumps({**json.loads(old), key: value})
    with suppress(InputError, CannotTest):
        read.parse(text.encode(), "x.json")
    inner = json.loads(old)
    inner["functions"][0]["config"] = value
    inner["functions"][1]["id"] = value
    with suppress(InputError, CannotTest):
        read.parse(json.dumps(inner).encode(), "x.json")
