"""Faults in what the user wrote or named: one clear line each, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi import resources
from tests.real.command import guests, pciabi, workspaces
from tests.real.fault_table import FAULTS, provokes

ONE = ("--select", "machine=pc", "--select", "nic=virtio-net-pci")
PINNED = resources.scenario("two-nics-pinned")


def scenario(folder: Path, old: str, new: str) -> str:
    text = PINNED.read_text()
    assert old in text
    (folder / "own.pciabi.yaml").write_text(text.replace(old, new))
    return "own.pciabi.yaml"


def line_of(folder: Path, words: str) -> int:
    lines = (folder / "own.pciabi.yaml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if words in line)


@provokes("QEMU missing")
def test_no_qemu(tmp_path: Path) -> None:
    done = pciabi("run", "two-nics-pinned", "--qemu", "/nowhere/qemu", cwd=tmp_path)
    FAULTS["QEMU missing"].must_be_in(done)


@provokes("QEMU too old", "not a QEMU")
@pytest.mark.parametrize(
    ("script", "row"),
    [
        ("echo 'QEMU emulator version 4.2.1 (Debian 1:4.2-3)'", "QEMU too old"),
        ("echo hello", "not a QEMU"),
        ("exit 7", "not a QEMU"),
    ],
)
def test_a_qemu_that_will_not_do(tmp_path: Path, script: str, row: str) -> None:
    program = tmp_path / "qemu"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    done = pciabi("run", "two-nics-pinned", "--qemu", program, cwd=tmp_path)
    FAULTS[row].must_be_in(done)
    assert not workspaces(tmp_path)


@provokes("unknown device driver")
def test_an_unknown_device_driver_is_named_with_its_line(tmp_path: Path) -> None:
    own = scenario(tmp_path, '{driver: "${nic}", id: net1', "{driver: e1001, id: net1")
    done = pciabi("run", own, *ONE, cwd=tmp_path)
    FAULTS["unknown device driver"].must_be_in(done)
    assert f"{own}:{line_of(tmp_path, 'e1001')}: " in done.stdout


@provokes("slot already taken")
def test_an_address_that_qemu_refuses_is_named_with_its_line(tmp_path: Path) -> None:
    own = scenario(tmp_path, "addr: 0x4", "addr: 0x3")
    done = pciabi("run", own, *ONE, cwd=tmp_path)
    FAULTS["slot already taken"].must_be_in(done)
    assert f"{own}:{line_of(tmp_path, 'id: net1')}: " in done.stdout


@provokes("unknown machine type")
def test_an_unknown_machine_type_is_named_with_its_line(tmp_path: Path) -> None:
    own = scenario(tmp_path, "machine: ${machine}", "machine: pc-q35-1.0")
    done = pciabi("run", own, *ONE, cwd=tmp_path)
    FAULTS["unknown machine type"].must_be_in(done)
    assert f"{own}:{line_of(tmp_path, 'pc-q35-1.0')}: " in done.stdout


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ("tab0: {address: unchanged}", "tab0 is no PCI device"),
        ("rng0: {name: unchanged}", "rng0 is no NIC, so it has no interface name"),
    ],
)
def test_an_expectation_of_what_no_guest_can_see(tmp_path: Path, new: str, words: str) -> None:
    text = PINNED.read_text()
    more = (
        "  - {driver: qemu-xhci, id: usb0, addr: 0x6}\n"
        "  - {driver: usb-tablet, id: tab0, bus: usb0.0}\n"
        "  - {driver: virtio-rng-pci, id: rng0, addr: 0x7}\nsteps:"
    )
    text = text.replace("steps:", more).replace(
        "net1: {address: unchanged", f"{new}\n      net1: {{address: unchanged"
    )
    (tmp_path / "own.pciabi.yaml").write_text(text)
    done = pciabi("run", "own.pciabi.yaml", *ONE, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stdout


@provokes("invalid YAML")
def test_bad_yaml(tmp_path: Path) -> None:
    own = scenario(tmp_path, "steps:", "steps: [")
    done = pciabi("run", own, cwd=tmp_path)
    FAULTS["invalid YAML"].must_be_in(done)


@provokes("a recipe that is none")
def test_nothing_of_a_file_that_is_no_recipe_is_shown(tmp_path: Path) -> None:
    own = scenario(tmp_path, "summary:", "image: /etc/passwd\nsummary:")
    done = pciabi("run", own, *ONE, cwd=tmp_path)
    FAULTS["a recipe that is none"].must_be_in(done)
    said = done.stdout + done.stderr
    said += "".join(path.read_text() for path in (tmp_path / "reports").glob("*/*"))
    for line in Path("/etc/passwd").read_text().splitlines():
        assert line not in said
        assert f"{line.split(':')[0]}:" not in said.replace("root: ", "")


@provokes("guest not ready in time")
def test_a_guest_that_is_not_ready_in_time(tmp_path: Path) -> None:
    own = scenario(tmp_path, "summary:", "timeout: 1\nsummary:")
    done = pciabi("run", own, *ONE, cwd=tmp_path)
    FAULTS["guest not ready in time"].must_be_in(done)
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)
    (run,) = (tmp_path / "reports").iterdir()
    assert '"verdict": "error"' in (run / "report.json").read_text()
