"""What one `pciabi snapshot` starts and loads: a QEMU asked for its version, a QEMU read, and none
of the libraries that guests, scenarios and reports take."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.unit.test_cold_imports import READS_NO_DOCUMENT, SLOW, loaded

VM = "qemu-system-x86_64 -nodefaults -machine q35 -device virtio-net-pci,id=net0\n"


def test_a_cold_snapshot_loads_neither_guests_nor_scenarios(tmp_path: Path) -> None:
    (tmp_path / "vm.args").write_text(VM)
    code, names = loaded(tmp_path, "snapshot", "vm.args", "-o", "vm.json")
    assert code == 0
    assert len(json.loads((tmp_path / "vm.json").read_text())["functions"]) > 1
    assert sorted(names & {*SLOW, *READS_NO_DOCUMENT}) == []


def test_a_cold_snapshot_starts_qemu_twice(tmp_path: Path) -> None:
    (tmp_path / "vm.args").write_text(VM)
    qemu, started = tmp_path / "qemu", tmp_path / "started"
    program = shutil.which("qemu-system-x86_64")
    qemu.write_text(f'#!/bin/sh\necho "$*" >>"{started}"\nexec {program} "$@"\n')
    qemu.chmod(0o755)
    code, _ = loaded(tmp_path, "snapshot", "vm.args", "--qemu", "./qemu")
    assert code == 0
    version, read = started.read_text().splitlines()
    assert version == "--version"
    assert "-S" in read.split()


def test_a_gate_over_command_lines_loads_no_more(tmp_path: Path) -> None:
    """Not even for a release, whose manifest is read and whose files are verified."""
    (tmp_path / "vm.args").write_text(VM)
    code, names = loaded(tmp_path, "gate", "vm.args", "--from", "10.0", "--to", "10.0")
    assert code == 0
    assert sorted(names & {*SLOW, "importlib.metadata", "pydantic"}) == []


def test_a_gate_starts_each_qemu_once_a_vm_and_asks_it_twice_what_it_is(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"vm-{number}.args").write_text(VM.replace("id=net0", f"id=net{number}"))
    qemu, started = tmp_path / "qemu", tmp_path / "started"
    program = shutil.which("qemu-system-x86_64")
    qemu.write_text(f'#!/bin/sh\necho "$*" >>"{started}"\nexec {program} "$@"\n')
    qemu.chmod(0o755)
    code, _ = loaded(tmp_path, "gate", "vm-*.args", "--from", "./qemu", "--to", "./qemu")
    assert code == 0
    told = started.read_text().splitlines()
    version, options = (line for line in told if "-S" not in line.split())
    # Which options it has is asked of the QEMU that is to run the VMs.
    assert (version, options.split()[0]) == ("--version", "-version")
    assert len(told) == 2 + 2 * 3
