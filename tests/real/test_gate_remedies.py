"""What a report says to mend a change with does mend it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.real.command import pciabi

VM = """\
qemu-system-x86_64 -M q35 -nodefaults -m 256 \\
 -device pcie-root-port,id=port0,slot=1,bus=pcie.0,addr=2 \\
 -drive if=none,id=d0,driver=null-co,size=67108864 \\
 -device nvme,id=disk0,drive=d0,serial=one,bus=port0,addr=0 \\
 -netdev user,id=n0 -device virtio-net-pci,id=net0,netdev=n0,mac=52:54:00:12:34:56,addr=3
"""
MACHINES = ("--from-machine", "pc-q35-2.10", "--to-machine", "pc-q35-7.2")
_STATED = re.compile(r"`-device ([^,]+),\.\.\.,([^`]+)`")


def document(command: str, *arguments: str, cwd: Path) -> dict[str, Any]:
    done = pciabi(command, *arguments, *MACHINES, "--format", "json", cwd=cwd)
    assert done.returncode == 1, done.stderr
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def test_stated_properties_take_back_every_change_they_are_said_to(tmp_path: Path) -> None:
    (tmp_path / "vm.sh").write_text(VM)
    found = document("gate", "vm.sh", cwd=tmp_path)
    breaking = [c for c in found["changes"] if c["severity"] == "breaking"]
    stated = [(match, one) for one in found["remedies"] for match in _STATED.findall(one["text"])]
    drivers = {driver for (driver, _), _ in stated}
    assert drivers == {"virtio-net-pci", "nvme", "pcie-root-port"}
    mended, rows = VM, set()
    for (driver, properties), remedy in stated:
        mended = mended.replace(f"-device {driver},", f"-device {driver},{properties},")
        rows |= set(remedy["rows"])
    (tmp_path / "mended.sh").write_text(mended)
    promised = {(c["id"], c["field"]) for c in breaking if c["row"] in rows}
    assert len(promised) > 10
    left = document("diff", "vm.sh", "mended.sh", cwd=tmp_path)["changes"]
    still = {(c["id"], c["field"]) for c in left if c["severity"] == "breaking"}
    assert not promised & still
    # What no property brings back is still there: the remedies are not what hides it.
    assert still == {(c["id"], c["field"]) for c in breaking if c["row"] not in rows}
    assert still
