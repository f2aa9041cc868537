"""Scripts and units as people write them: `lint` and `snapshot` say of them what QEMU does.

What is expected was read off QEMU 7.2, started with the scripts' own command lines.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.real.command import pciabi
from tests.real.fault_table import FAULTS, provokes

BASE = "-nodefaults -machine pc-i440fx-7.2 -m 256"
WRAPPER = f'#!/bin/sh\nrun() {{ qemu-system-x86_64 {BASE} "$@"; }}\n'
FIRST = "-netdev user,id=n0 -device e1000,netdev=n0,mac=52:54:00:00:00:01"
SECOND = "-netdev user,id=n1 -device e1000,netdev=n1,mac=52:54:00:00:00:02"
ON_PATH = f"""\
#!/bin/bash
QEMU=/usr/local/bin/qemu-system-x86_64
NET="-netdev user,id=n0 -device e1000,netdev=n0"
OPTS="{BASE}"
exec $QEMU $OPTS $NET
"""
NUMBER = '-device \'{"driver":"e1000","id":"net0","addr":40}\''
UNIT = f"""\
[Service]
Environment=CPUS=2 "NIC=virtio-net-pci,netdev=n0"
ExecStart=/usr/bin/qemu-system-x86_64 {BASE} -display none -smp ${{CPUS}} \\
  -netdev user,id=n0 -device ${{NIC}},addr=0x3
"""


def findings(folder: Path, name: str) -> list[tuple[str, int, int]]:
    done = pciabi("lint", name, "--format", "json", cwd=folder)
    told = json.loads(done.stdout)["findings"]
    assert done.returncode == (1 if told else 0), done.stderr
    return [(finding["code"], finding["line"], finding["column"]) for finding in told]


def places(folder: Path, name: str) -> dict[str, str]:
    """The NICs' places, by what QEMU calls the device."""
    done = pciabi("snapshot", name, cwd=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["functions"]
    return {one["path"]: one["device"] for one in found if one["device"] in NICS}


NICS = ("e1000", "virtio-net-pci")


@pytest.mark.parametrize(
    ("name", "text", "told", "there"),
    [
        ("one.sh", f"{WRAPPER}run {SECOND}\n", [("PCI101", 3, 24)], {"0/02.0": "e1000"}),
        (
            "two.sh",
            f"{WRAPPER}run {FIRST} {SECOND}\n",
            [("PCI101", 3, 24), ("PCI101", 3, 89)],
            {"0/02.0": "e1000", "0/03.0": "e1000"},
        ),
        ("path.sh", ON_PATH, [("PCI101", 3, 25)], {"0/02.0": "e1000"}),
        ("number.sh", f"qemu-system-x86_64 {BASE} {NUMBER}\n", [], {"0/05.0": "e1000"}),
        ("guest.service", UNIT, [], {"0/03.0": "virtio-net-pci"}),
    ],
)
def test_what_a_script_starts(
    name: str,
    text: str,
    told: Sequence[tuple[str, int, int]],
    there: dict[str, str],
    tmp_path: Path,
) -> None:
    (tmp_path / name).write_text(text)
    assert findings(tmp_path, name) == list(told)
    assert places(tmp_path, name) == there


def test_a_nic_less_in_a_call_is_a_break(tmp_path: Path) -> None:
    (tmp_path / "two.sh").write_text(f"{WRAPPER}run {FIRST} {SECOND}\n")
    (tmp_path / "one.sh").write_text(f"{WRAPPER}run {SECOND}\n")
    done = pciabi("diff", "two.sh", "one.sh", cwd=tmp_path)
    assert done.returncode == 1
    assert "e1000, line 3 at 0000:00:02.0: vanished" in done.stdout
    assert "e1000, line 3 at 0000:00:03.0 -> 0000:00:02.0: moved" in done.stdout


def test_a_function_called_twice_is_two_vms(tmp_path: Path) -> None:
    (tmp_path / "vms.sh").write_text(f"{WRAPPER}run {FIRST}\nrun {SECOND}\n")
    assert findings(tmp_path, "vms.sh") == [("PCI101", 3, 24), ("PCI101", 4, 24)]
    done = pciabi("snapshot", "vms.sh", cwd=tmp_path)
    assert done.returncode == 2
    assert "vms.sh:1: holds 2 QEMU command lines, in lines 3, 4" in done.stderr


def test_what_an_environment_file_may_set_is_not_started(tmp_path: Path) -> None:
    text = UNIT.replace("Environment=", "EnvironmentFile=-/etc/vm\nEnvironment=", 1)
    (tmp_path / "guest.service").write_text(text)
    done = pciabi("snapshot", "guest.service", cwd=tmp_path)
    assert done.returncode == 2
    assert "guest.service:4: ${CPUS} is not known: EnvironmentFile= in line 2 may set it" in (
        done.stderr
    )


@provokes("lint: nothing to lint in a folder", "lint: a file without a VM")
@provokes("a file of -readconfig missing")
def test_nobody_passes_for_having_looked_at_nothing(tmp_path: Path) -> None:
    (tmp_path / "vms").mkdir()
    FAULTS["lint: nothing to lint in a folder"].must_be_in(pciabi("lint", "vms", cwd=tmp_path))
    (tmp_path / "help.sh").write_text("qemu-system-x86_64 -device help\n")
    FAULTS["lint: a file without a VM"].must_be_in(pciabi("lint", "help.sh", cwd=tmp_path))
    (tmp_path / "vm.sh").write_text("qemu-system-x86_64 -M pc -readconfig more.cfg\n")
    done = pciabi("snapshot", "vm.sh", cwd=tmp_path)
    FAULTS["a file of -readconfig missing"].must_be_in(done)
