"""Pairs of VMs that were once called compatible though nobody had looked, or moved though they
had not: on real QEMU, through the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pciabi import resources
from pciabi.guest import image
from tests.real.command import guests, pciabi, workspaces

COMPARE = Path(__file__).resolve().parent.parent / "cases" / "compare"
NIC_1, NIC_2 = "52:54:00:00:00:01", "52:54:00:00:00:02"


@dataclass(frozen=True)
class Told:
    """What `pciabi diff` says: exit code, (kind, label, places) of the breaking changes, fields
    that are not excused, and its text."""

    code: int
    breaking: list[tuple[str, str, str]]
    unproved: set[str]
    document: dict[str, Any]


def told(*arguments: str | Path, cwd: Path) -> Told:
    done = pciabi("diff", *arguments, "--format", "json", cwd=cwd)
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["exit_code"] == done.returncode
    breaking = [
        (c["kind"], c["id"] or c["label"], f"{c['address_before']} {c['address_after']}")
        for c in document["changes"]
        if c["severity"] == "breaking"
    ]
    unproved = {u["field"] for u in document["unknowns"] if not u["excused"]}
    return Told(done.returncode, breaking, unproved, document)


def place(slot: int | None) -> str:
    return "None" if slot is None else f"0000:00:{slot:02x}.0"


def test_the_first_nic_goes_and_libvirt_deals_out_its_id_anew(tmp_path: Path) -> None:
    found = told(COMPARE / "before.args", COMPARE / "removed.args", cwd=tmp_path)
    assert (found.code, found.breaking) == (1, [("vanished", "net0", f"{place(3)} None")])
    stayed = [m for m in found.document["matches"] if m["basis"] == "same stated MAC address"]
    assert [(m["address_before"], m["address_after"]) for m in stayed] == [(place(4), place(4))]


@pytest.mark.parametrize(("one", "two"), [("before", "swapped"), ("e1000-tap", "e1000-swapped")])
def test_two_nics_exchange_their_places(one: str, two: str, tmp_path: Path) -> None:
    sides = (COMPARE / f"{one}.args", COMPARE / f"{two}.args")
    found = told(*sides, cwd=tmp_path)
    assert found.code == 1
    assert found.breaking == [
        ("moved", "net0", f"{place(3)} {place(4)}"),
        ("moved", "net1", f"{place(4)} {place(3)}"),
    ]
    first, second = (c for c in found.document["changes"] if c["severity"] == "breaking")
    assert first["exchanged_with"].startswith("net1")
    assert second["exchanged_with"].startswith("net0")
    assert NIC_1 in first["reason"]
    assert NIC_2 in second["reason"]
    printed = pciabi("diff", *sides, cwd=tmp_path)
    assert "exchanged places with net1" in printed.stdout


PINNED = (
    "qemu-system-x86_64 -nodefaults -machine pc-i440fx-7.2 "
    "-device {driver},id=net0,addr=3 -device {driver},id=net1,addr=4\n"
)


def test_a_mac_that_qemu_made_up_identifies_nobody(tmp_path: Path) -> None:
    for name, text in (
        ("two.args", PINNED.format(driver="virtio-net-pci")),
        (
            "one.args",
            PINNED.format(driver="virtio-net-pci").replace(
                "-device virtio-net-pci,id=net0,addr=3 ", ""
            ),
        ),
    ):
        (tmp_path / name).write_text(text)
    found = told("two.args", "one.args", cwd=tmp_path)
    assert (found.code, found.breaking) == (1, [("vanished", "net0", f"{place(3)} None")])
    # It goes by creation order: the second NIC got the first one's.
    notable = [c for c in found.document["changes"] if c["severity"] == "notable"]
    assert [(c["id"], c["field"], c["before"][-2:], c["after"][-2:]) for c in notable] == [
        ("net1", "MAC address", "57", "56")
    ]
    assert "`mac=`" in notable[0]["reason"]


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ("mac=52:54:00:00:00:0a", "mac=52:54:00:00:00:0b", "MAC address"),
        ("mac=52:54:00:00:00:0a", "id=x", "MAC address"),
        ("acpi-index=1", "acpi-index=2", "ACPI index"),
        ("acpi-index=1", "id=x", "ACPI index"),
    ],
)
def test_an_identifying_property_that_changed_breaks(
    before: str, after: str, field: str, tmp_path: Path
) -> None:
    for name, text in (("a.args", before), ("b.args", after)):
        (tmp_path / name).write_text(
            f"qemu-system-x86_64 -nodefaults -device virtio-net-pci,addr=3,{text}\n"
        )
    found = told("a.args", "b.args", cwd=tmp_path)
    changed = [(c["kind"], c["field"]) for c in found.document["changes"]]
    assert found.code == 1
    assert ("property", field) in changed


def test_a_disk_is_followed_by_its_serial_number(tmp_path: Path) -> None:
    disk = (
        "-drive if=none,id=f{id},file=/nowhere "
        "-device virtio-blk-pci,drive=f{id},id=disk{id},serial={serial},addr={addr} "
    )
    head = "qemu-system-x86_64 -nodefaults "
    both = disk.format(id=0, serial="root", addr=5) + disk.format(id=1, serial="data", addr=6)
    (tmp_path / "two.args").write_text(f"{head}{both}\n")
    (tmp_path / "one.args").write_text(f"{head}{disk.format(id=0, serial='data', addr=6)}\n")
    found = told("two.args", "one.args", cwd=tmp_path)
    assert (found.code, found.breaking) == (1, [("vanished", "disk0", f"{place(5)} None")])


def test_backends_of_different_kinds_excuse_nobody(tmp_path: Path) -> None:
    found = told(COMPARE / "before.args", COMPARE / "vhost.args", cwd=tmp_path)
    assert (found.code, found.breaking) == (3, [])
    assert found.unproved > {"virtio feature CSUM", "virtio feature EVENT_IDX"}
    assert all(field.startswith("virtio feature ") for field in found.unproved)
    same = told(COMPARE / "vhost.args", COMPARE / "vhost.args", cwd=tmp_path)
    assert (same.code, same.unproved) == (0, set())
    assert same.document["counts"]["unknown"] > 0


def test_a_nic_without_virtio_asks_nothing_of_its_backend(tmp_path: Path) -> None:
    found = told(COMPARE / "e1000-tap.args", COMPARE / "e1000-user.args", cwd=tmp_path)
    assert (found.code, found.breaking, found.unproved) == (0, [], set())
    assert {u["field"] for u in found.document["unknowns"]} == {"interface name"}


def test_a_verdict_says_what_it_does_not_speak_of(tmp_path: Path) -> None:
    sides = (COMPARE / "features-default.sh", COMPARE / "features-less.sh")
    found = told(*sides, cwd=tmp_path)
    assert "virtio features, queues and device configuration" in found.document["scope"]
    assert "ACPI tables" in found.document["scope"]
    assert "interface names" in found.document["not_looked_at"]
    assert "CPU features" in found.document["not_looked_at"]
    for form in ("text", "html", "junit", "sarif"):
        printed = pciabi("diff", *sides, "--format", form, cwd=tmp_path).stdout
        assert "as read under TCG. Not looked at: " in printed, form


def test_features_that_are_switched_off_and_longer_queues_are_told(tmp_path: Path) -> None:
    found = told(COMPARE / "features-default.sh", COMPARE / "features-less.sh", cwd=tmp_path)
    assert found.code == 1
    changed = {
        (change["field"], change["before"], change["after"])
        for change in found.document["changes"]
        if change["kind"] == "virtio" and change["severity"] == "breaking"
    }
    # Beside user mode networking no NIC offers checksums.
    assert changed == {
        ("virtio feature MRG_RXBUF", "offered", "not offered"),
        ("queue 0 size", "256", "1024"),
    }


def test_a_guest_without_mmconfig_leaves_extended_space_open(tmp_path: Path) -> None:
    """The two VMs differ in AER, which stands where this guest cannot look."""
    shipped = image.ensure(resources.image_recipe("debian"), lambda _progress: None)
    (tmp_path / "vmlinux").symlink_to(shipped.kernel)
    (tmp_path / "initrd").symlink_to(shipped.initrd)
    arguments = ", ".join([*shipped.kernel_arguments.split(), "pci=nommconf"])
    (tmp_path / "guest.yaml").write_text(
        f"kernel: vmlinux\ninitrd: initrd\narguments: [{arguments}]\n"
    )
    for name in ("aer-off", "aer-on"):
        text = (COMPARE / f"{name}.pciabi.yaml").read_text()
        (tmp_path / f"{name}.pciabi.yaml").write_text(text)
    found = told("--boot", "aer-off.pciabi.yaml", "aer-on.pciabi.yaml", cwd=tmp_path)
    assert (found.code, found.breaking) == (0, [])
    open_ = {(u["id"], u["field"], u["excused"]) for u in found.document["unknowns"]}
    assert ("net0", "extended capability list", True) in open_
    assert ("rp1", "extended capability list", True) in open_
    # The cold probe looks there.
    cold = told("aer-off.pciabi.yaml", "aer-on.pciabi.yaml", cwd=tmp_path)
    assert cold.code == 1
    assert "Advanced Error Reporting capability" in {c["field"] for c in cold.document["changes"]}
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)
