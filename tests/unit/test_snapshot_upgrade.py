"""Snapshot files of older versions: never refused, and nothing taken for read that was not."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.compare import compare
from pciabi.abi.snapshot import Identifier, IdentifierName
from pciabi.errors import CannotTest, InputError
from pciabi.snapshots import read
from tests.unit.strategies import GOLDEN

SNAPSHOTS = GOLDEN.parent / "snapshot"
FIRST = SNAPSHOTS / "version-1"
NAMES = tuple(sorted(path.name for path in FIRST.glob("*.json")))


def first(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FIRST / name).read_text())
    return loaded


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_the_first_version_tells_what_the_newest_does(name: str) -> None:
    old, new = read.read(FIRST / name), read.read(SNAPSHOTS / name)
    assert [f.function.config for f in old.functions] == [f.function.config for f in new.functions]
    found = compare(old, new)
    assert found.changes == ()
    # A NIC's MAC address stands in no file of the first version, unless it was stated.
    unproved = {(u.id, u.field) for u in found.unknowns if not u.excused}
    nics = {(f.qdev_id, "MAC address") for f in old.functions if f.function.config[0x0B] == 2}
    assert unproved <= nics


def test_what_the_command_line_states_was_read() -> None:
    disk = read.read(FIRST / "qemu-5.2_pc-i440fx-5.2_nvme.json").by_id("nvme0")
    assert disk is not None
    assert disk.identifiers == (Identifier(IdentifierName.SERIAL, "one", stated=True),)
    old = first("qemu-7.2_pc-two-nics.json")
    old["provenance"]["command_line"] = [
        *("-device", "virtio-net-pci,id=net0,mac=52-54-00-00-00-0A,acpi-index=0x5"),
        *("-device", '{"driver": "virtio-net-pci", "id": "net1"}'),
    ]
    snapshot = read.parse(json.dumps(old).encode(), "x.json")
    stated, made_up = snapshot.by_id("net0"), snapshot.by_id("net1")
    assert stated is not None
    assert made_up is not None
    assert stated.identifiers == (
        Identifier(IdentifierName.MAC, "52:54:00:00:00:0a", stated=True),
        Identifier(IdentifierName.ACPI_INDEX, "5", stated=True),
    )
    assert made_up.identifiers is None


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


TEXT = (FIRST / "qemu-7.2_pc-two-nics.json").read_text()


@given(st.data())
def test_any_damage_to_an_old_file_ends_in_a_snapshot_or_one_error(data: st.DataObject) -> None:
    damaged = bytearray(TEXT[: data.draw(st.sampled_from([3000, len(TEXT)]))].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.sampled_from(b'0z"{}[],:\xff\\ \n') | st.integers(0, 255))
    with suppress(InputError, CannotTest):
        read.parse(bytes(damaged), "x.json")


@given(
    st.sampled_from(["provenance", "functions", "substitutions", "interfaces"]),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.dictionaries(st.text(max_size=5), inner) | st.lists(inner),
    ),
)
def test_any_json_in_any_place_of_an_old_file(key: str, value: Any) -> None:
    text = json.dumps({**json.loads(TEXT), key: value})
    with suppress(InputError, CannotTest):
        read.parse(text.encode(), "x.json")
    inner = json.loads(TEXT)
    inner["functions"][0]["config"] = value
    inner["functions"][1]["id"] = value
    with suppress(InputError, CannotTest):
        read.parse(json.dumps(inner).encode(), "x.json")
