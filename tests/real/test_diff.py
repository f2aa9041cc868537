"""`pciabi snapshot` and `pciabi diff` on real QEMUs: what they prove, and what they refuse to
prove."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.real.command import pciabi, workspaces

pytestmark = pytest.mark.usefixtures("releases")

VM = """summary: An NVMe disk beside a NIC
machine: {machine}
devices:
  - {{driver: virtio-net-pci, id: net0, addr: 0x3}}
  - {{driver: {driver}, id: test0, addr: 0x4{more}}}
steps: [boot, boot, {{expect: {{net0: {{address: unchanged}}}}}}]
"""


def vm(folder: Path, machine: str, driver: str, **properties: str) -> Path:
    inner = ", ".join(f"{name}: {value}" for name, value in properties.items())
    more = f", properties: {{{inner}}}" if inner else ""
    path = folder / "vm.pciabi.yaml"
    path.write_text(VM.format(machine=machine, driver=driver, more=more))
    return path


def document(*arguments: str | Path, cwd: Path) -> dict[str, Any]:
    done = pciabi("diff", *arguments, "--format", "json", cwd=cwd)
    assert done.stdout, done.stderr
    loaded: dict[str, Any] = json.loads(done.stdout)
    assert loaded["exit_code"] == done.returncode
    return loaded


def changes(found: dict[str, Any], severity: str) -> list[tuple[str | None, str, str, str]]:
    return [
        (c["device"], c["field"], c["before"], c["after"])
        for c in found["changes"]
        if c["severity"] == severity
    ]


# Each hot-pluggable slot gets a method that tells its index.
INDEX = ("_DSM", "absent", "present")
# The archive's 10.0.13 has 1024 entries in every queue.
QUEUES = [
    ("virtio-net-pci", "queue 2 size", "1024", "64"),
    ("virtio-net-pci", "sizes of queues 0, 1", "1024", "256"),
]
NOTABLE = {
    "nvme": [
        *((device, *INDEX) for device in ("i440FX", "PIIX3", "virtio-net-pci")),
        ("nvme", "property discard_granularity", "4294967295", "4096"),
        ("nvme", *INDEX),
    ],
}


@pytest.mark.parametrize(
    ("machine", "old", "new", "driver", "properties", "breaking"),
    [
        (
            "pc-i440fx-5.2",
            "5.2",
            "7.2",
            "nvme",
            {"serial": "one"},
            [
                ("Power Management capability", "absent", "at 0x60"),
                ("PCI Express: DevCap: Function Level Reset", "no", "yes"),
            ],
        ),
        (
            "pc-i440fx-9.2",
            "10.0",
            "11.1",
            "ati-vga",
            {},
            [
                (
                    "BAR 0",
                    "32-bit memory, prefetchable, 16M",
                    "32-bit memory, prefetchable, 64M",
                )
            ],
        ),
        ("pc-q35-5.2", "5.2", "7.2", "pcie-root-port", {"chassis": "1", "slot": "1"}, []),
    ],
)
def test_what_an_upgrade_changes_is_named_and_nothing_else(
    machine: str,
    old: str,
    new: str,
    driver: str,
    properties: dict[str, str],
    breaking: list[tuple[str, str, str]],
    tmp_path: Path,
) -> None:
    path = vm(tmp_path, machine, driver, **properties)
    found = document(path, path, "--from", old, "--to", new, cwd=tmp_path)

    queues = QUEUES if old == "10.0" else []
    assert changes(found, "breaking") == [*queues, *((driver, *change) for change in breaking)]
    assert changes(found, "notable") == NOTABLE.get(driver, [])
    assert found["verdict"] == ("break" if breaking else "compatible")
    assert {(c["from"], c["to"], c["machine"]) for c in found["changes"]} == {(old, new, machine)}
    assert {c["line"] for c in found["changes"] if c["device"] == driver} == {5}
    active = "PCI Express: LnkSta: Data Link Layer Link Active"
    if old == "5.2":
        assert (driver, active, "yes", "no") in changes(found, "benign")
    assert [u["field"] for u in found["unknowns"]] == ["interface name"]
    assert workspaces(tmp_path) == set()


SCRIPT = """#!/bin/sh
exec qemu-system-x86_64 -nodefaults -enable-kvm -m 1G -machine pc-i440fx-5.2,accel=kvm \\
  -netdev tap,id=n0,ifname=tap0 -device virtio-net-pci,netdev=n0,id=net0,addr=0x3 \\
  -drive file=/nowhere/disk.qcow2,if=none,id=d0 \\
  -device nvme,drive=d0,serial=x,id=disk0,addr=0x5
"""


def test_a_change_points_at_the_line_of_a_command_line(tmp_path: Path) -> None:
    script = saved(tmp_path, "vm.sh", SCRIPT)
    done = pciabi(
        "diff", script, script, "--from", "5.2", "--to", "7.2", "--format", "sarif", cwd=tmp_path
    )
    assert done.returncode == 1, done.stderr
    (run,) = json.loads(done.stdout)["runs"]
    errors = [result for result in run["results"] if result["level"] == "error"]
    places = [result["locations"][0]["physicalLocation"] for result in errors]
    assert {place["artifactLocation"]["uri"] for place in places} == {"vm.sh"}
    assert [place["region"]["startLine"] for place in places] == [5, 5]
    opened = [r["message"]["text"] for r in run["results"] if r["kind"] == "open"]
    # The same inert backend stood in for the same tap on both sides.
    assert any("virtio feature CSUM of net0" in text for text in opened), opened


def test_a_snapshot_is_the_same_each_time_and_can_stand_for_its_vm(tmp_path: Path) -> None:
    path = vm(tmp_path, "pc-i440fx-5.2", "nvme", serial="one")
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    for file in (one, two):
        done = pciabi("snapshot", path, "--qemu", "5.2", "-o", file, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert one.read_bytes() == two.read_bytes()
    assert str(tmp_path) not in one.read_text()
    assert ".cache" not in one.read_text()
    assert len(one.read_bytes()) < 20_000

    assert document(one, path, "--qemu", "5.2", cwd=tmp_path)["changes"] == []
    assert document(one, path, "--qemu-b", "7.2", cwd=tmp_path)["verdict"] == "break"


def test_a_booted_snapshot_and_its_reports(tmp_path: Path) -> None:
    path = vm(tmp_path, "pc-i440fx-7.2", "e1000")
    taken = pciabi("snapshot", path, "--boot", "--accel", "tcg", "-o", "a.json", cwd=tmp_path)
    assert taken.returncode == 0, taken.stderr
    snapshot = json.loads((tmp_path / "a.json").read_text())
    assert snapshot["provenance"]["probe"] == "boot"
    facts = [function["facts"] for function in snapshot["functions"]]
    names = {nic["name"] for one in facts for nic in one.get("interfaces", ())}
    assert names == {"ens3", "ens4"}

    done = pciabi("diff", "a.json", "a.json", "--report-dir", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = (tmp_path / "out").iterdir()
    assert {file.name for file in folder.iterdir()} == {
        "report.html",
        "report.json",
        "report.md",
        "report.sarif",
        "junit.xml",
        "before.json",
        "after.json",
    }
    for form, beginning in (("html", "<!doctype"), ("junit", "<?xml"), ("sarif", "{")):
        printed = pciabi("diff", "a.json", "a.json", "--format", form, cwd=tmp_path)
        assert printed.returncode == 0
        assert printed.stdout.startswith(beginning)

    cold = document("a.json", path, cwd=tmp_path)
    # One side shows names and the other does not, so nothing is proved; but nothing broke.
    assert (cold["verdict"], cold["exit_code"]) == ("error", 3)
    assert changes(cold, "breaking") == []


def saved(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_qemu_that_is_not_there_or_refuses(tmp_path: Path) -> None:
    path = vm(tmp_path, "pc-i440fx-5.2", "nvme", serial="one")
    for arguments, code, complaint in (
        (("--qemu-b", "/nowhere/qemu"), 3, "QEMU is missing"),
        (("--machine-b", "pc-i440fx-99.0"), 2, "unsupported machine type|unknown machine type"),
    ):
        done = pciabi("diff", path, path, *arguments, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        assert re.search(complaint, done.stderr), done.stderr
