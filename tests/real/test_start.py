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
