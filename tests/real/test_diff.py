"""`pciabi snapshot` and `pciabi diff` on real QEMUs and real texts: what they prove, and what
they refuse to prove."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.real.command import pciabi, workspaces

pytestmark = pytest.mark.usefixtures("releases")

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
TEXT = GOLDEN / "lspci" / "qemu-7.2_q35-many.txt"
HEX = re.compile(r"^[0-9a-f]{2,3}: .*\n", re.MULTILINE)
DETAILS = re.compile(r"^\t.*\n", re.MULTILINE)
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

    assert changes(found, "breaking") == [(driver, *change) for change in breaking]
    assert changes(found, "notable") == []
    assert found["verdict"] == ("break" if breaking else "compatible")
    assert (found["changes"][0]["from"], found["changes"][0]["to"]) == (old, new)
    assert found["changes"][0]["machine"] == machine
    assert found["changes"][0]["line"] == 5
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
    assert any("virtio features of net0" in text for text in opened), opened


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
    assert {nic["name"] for nic in snapshot["interfaces"]} == {"ens3", "ens4"}

    done = pciabi("diff", "a.json", "a.json", "--report-dir", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = (tmp_path / "out").iterdir()
    assert {file.name for file in folder.iterdir()} == {
        "report.html",
        "report.json",
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


def test_texts_of_lspci_are_compared_as_far_as_they_go(tmp_path: Path) -> None:
    whole = TEXT.read_text()
    detailed = HEX.sub("", whole)
    short = DETAILS.sub("", detailed)
    for name, text in (("v.txt", detailed), ("nn.txt", short)):
        path = saved(tmp_path, name, text)
        same = document(path, path, cwd=tmp_path)
        assert (same["verdict"], same["changes"]) == ("compatible", [])
        assert same["counts"]["unknown"] > 0
        assert document(path, path, "--fail-on", "unknown", cwd=tmp_path)["exit_code"] == 1
        # Held against everything, it leaves most of it open.
        assert document(path, TEXT, cwd=tmp_path)["exit_code"] == 3
    assert document(TEXT, TEXT, cwd=tmp_path)["verdict"] == "compatible"

    broken = saved(tmp_path, "b.txt", short.replace("[1b36:0010] (rev 02)", "[1b36:0010] (rev 03)"))
    found = document(tmp_path / "nn.txt", broken, cwd=tmp_path)
    assert changes(found, "breaking") == [(None, "Revision ID", "0x02", "0x03")]
    # A proved break outranks what is not known.
    assert document(TEXT, broken, cwd=tmp_path)["exit_code"] == 1


BAD: dict[str, tuple[str, int, str]] = {
    "empty.txt": ("", 3, r"empty.txt:1: .*lists no PCI function"),
    "none.json": (
        '{\n "schema": "pciabi-snapshot/1", "tool": "pciabi", "version": "0",\n "provenance": '
        '{"probe": "", "qemu_version": "", "qemu_package": "", "machine": "", "accelerator": "",'
        ' "firmware": "", "guest": "", "command_line": []},\n "functions": [], "interfaces": [],'
        '\n "unreachable": [], "substitutions": [], "creations": []}',
        3,
        r"none.json:4: (?:[AB] .*: )?the snapshot holds no function",
    ),
    "cut.json": (
        '{\n "schema": "pciabi-snapshot/1",\n',
        2,
        r"cut.json:3: (?:[AB] .*: )?not valid JSON",
    ),
    "new.json": ('{\n "schema": "pciabi-snapshot/7"}', 2, r"new.json:2: .*another version"),
    "cut.txt": (
        "00:03.0 Ethernet [0200]: X [8086:100e]\n00: 86 80\n",
        2,
        r"cut.txt:2: .*holds 2 bytes",
    ),
    "names.txt": (
        "00:03.0 Ethernet controller: Intel\n",
        2,
        r"names.txt:1: (?:[AB] .*: )?no ids .*-nn",
    ),
    "other.xml": (
        "<domain/>",
        2,
        r"other.xml:1: (?:[AB] .*: )?neither a snapshot, nor lspci's text",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("first", [True, False])
def test_nothing_passes_on_nothing(name: str, first: bool, tmp_path: Path) -> None:
    text, code, complaint = BAD[name]
    path = saved(tmp_path, name, text)
    sides = (path, TEXT) if first else (TEXT, path)
    done = pciabi("diff", *sides, "--report-dir", "out", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (code, "")
    assert re.search(complaint, done.stderr), done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
    shown = pciabi("snapshot", path, cwd=tmp_path)
    assert (shown.returncode, shown.stdout) == (code, "")


def test_both_bad_sides_are_named(tmp_path: Path) -> None:
    one, two = (saved(tmp_path, name, BAD[name][0]) for name in ("empty.txt", "cut.json"))
    done = pciabi("diff", one, two, cwd=tmp_path)
    assert done.returncode == 2
    assert "empty.txt:1" in done.stderr
    assert "cut.json:3" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((TEXT, TEXT, "--qemu-a", "7.2"), "--qemu-a needs a configuration to start"),
        ((TEXT, TEXT, "--machine-b", "pc"), "--machine-b needs a configuration to start"),
        ((TEXT, "nowhere.json"), "there is no|cannot be read|no shipped scenario"),
        (("two-nics-pinned", TEXT), "has .* cases, and one is wanted .*--select"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    arguments: tuple[str | Path, ...], complaint: str, tmp_path: Path
) -> None:
    done = pciabi("diff", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert re.search(complaint, done.stderr), done.stderr


def test_a_qemu_that_is_not_there_or_refuses(tmp_path: Path) -> None:
    path = vm(tmp_path, "pc-i440fx-5.2", "nvme", serial="one")
    for arguments, code, complaint in (
        (("--qemu-b", "/nowhere/qemu"), 3, "QEMU is missing"),
        (("--machine-b", "pc-i440fx-99.0"), 2, "unsupported machine type|unknown machine type"),
    ):
        done = pciabi("diff", path, path, *arguments, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        assert re.search(complaint, done.stderr), done.stderr


def test_a_snapshot_is_shown_in_every_form(tmp_path: Path) -> None:
    text = pciabi("snapshot", TEXT, "--format", "text", cwd=tmp_path).stdout
    assert "capability at 0x60: Power Management" in text
    by_lspci = pciabi("snapshot", TEXT, "--format", "lspci", cwd=tmp_path).stdout
    assert "Capabilities: [60] Power Management version" in by_lspci
    dump = saved(tmp_path, "dump", pciabi("snapshot", TEXT, "--format", "hex", cwd=tmp_path).stdout)
    again = subprocess.run(
        ["lspci", "-F", dump, "-D", "-nn", "-vvv"], check=True, capture_output=True, text=True
    )
    assert again.stdout == by_lspci
    short = saved(tmp_path, "short.txt", HEX.sub("", TEXT.read_text()))
    refused = pciabi("snapshot", short, "--format", "lspci", cwd=tmp_path)
    assert refused.returncode == 2
    assert "not all bytes of 0000:00:00.0 were read" in refused.stderr
