"""Devices of a command line that have no id, in what is printed of real QEMUs."""

from __future__ import annotations

import json
from pathlib import Path

from tests.real.command import pciabi

LINES = (
    "qemu-system-x86_64 -M pc -nodefaults",
    "-netdev tap,id=n0",
    "-device vfio-pci,host=1:0.0",
    "-device virtio-net-pci,netdev=n0",
    "-nic user,model=e1000",
    "-drive if=virtio,file=/no/such.img",
    "-vga std",
    "-device rtl8139,addr=9",
)


def saved(folder: Path, name: str, *left_out: str) -> Path:
    lines = [line for line in LINES if not any(word in line for word in left_out)]
    (folder / name).write_text(" \\\n ".join(lines) + "\n")
    return folder / name


def test_every_device_goes_by_the_line_that_makes_it(tmp_path: Path) -> None:
    done = pciabi("snapshot", saved(tmp_path, "a.sh"), "--format", "text", cwd=tmp_path)
    named = [line.partition(") ")[2] for line in done.stdout.splitlines() if "(path " in line]
    assert [name for name in named if "line" in name] == [
        *("VGA, line 7", "e1000, line 5", "vfio-pci, line 3", "virtio-net-pci, line 4"),
        *("virtio-blk-pci, line 6", "rtl8139, line 8"),
    ]


def test_what_became_of_one_is_told_at_its_line(tmp_path: Path) -> None:
    one, two = saved(tmp_path, "a.sh"), saved(tmp_path, "b.sh", "vga", "rtl8139")
    done = pciabi("diff", one, two, "--format", "sarif", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    (run,) = json.loads(done.stdout)["runs"]
    gone = {
        result["locations"][0]["logicalLocations"][0]["name"]: (
            Path(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]).name,
            result["locations"][0]["physicalLocation"]["region"]["startLine"],
        )
        for result in run["results"]
        if result["ruleId"] == "vanished"
    }
    assert gone == {"VGA, line 7": ("a.sh", 7), "rtl8139, line 8": ("a.sh", 8)}
    assert "pciabi-n0" not in done.stdout

    told = pciabi("diff", one, two, cwd=tmp_path).stdout
    assert "virtio-net-pci, line 4 at 0000:00:05.0 -> 0000:00:04.0: moved" in told
    assert "every field of vfio-pci, line 3" in told
    assert "pciabi-" not in told
