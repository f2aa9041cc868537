"""A gate that boots: scenarios under two QEMUs, and under two builds of firmware of one QEMU."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from pciabi.qemu import acquire, spec
from tests.real.command import guests, pciabi, workspaces

SCENARIO = """\
summary: A NIC and a graphics adapter
machine: pc-q35-7.2
firmware: {firmware}
timeout: 240
devices:
  - {{driver: virtio-net-pci, id: net0, addr: 0x4}}
  - {{driver: cirrus-vga, id: vga0, addr: 0x5}}
steps:
  - boot
  - boot
  - expect: {{net0: {{address: unchanged}}}}
"""
VERSION = spec.released("10.0")
OVMF = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")


def boot(folder: Path, firmware: str, *options: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """A gate over a scenario that is booted: its exit code, its document, and what firmware each
    side's guest ran."""
    (folder / "vm.pciabi.yaml").write_text(SCENARIO.format(firmware=firmware))
    words = ("vm.pciabi.yaml", "--boot", *options, "--report-dir", "reports")
    done = pciabi("gate", *words, "--format", "json", cwd=folder)
    assert not guests(folder)
    assert not workspaces(folder)
    (run,) = (folder / "reports").iterdir()
    ran = {
        side: json.loads(file.read_text())["provenance"]["firmware"]
        for side in ("before", "after")
        for file in run.glob(f"*-{side}.json")
    }
    return done.returncode, json.loads(done.stdout), ran


def test_seabios_of_another_release_is_what_the_guest_runs(tmp_path: Path) -> None:
    code, document, ran = boot(tmp_path, "seabios", "--to-firmware", "10.0")
    assert code == 0
    assert document["verdict"] == "compatible"
    assert document["after"].endswith("firmware of 10.0")
    # The guest's own words on it come first, then what we know of the file.
    assert ran["before"].startswith("SeaBIOS 1.")
    assert "sha256" not in ran["before"]
    own = {p.name: p.version for p in acquire.ensure(VERSION, lambda _: None).manifest.packages}
    assert own["seabios"].partition("-")[0] in ran["after"].partition("(")[0]
    assert not ran["after"].startswith(ran["before"])
    assert "(bios-256k.bin sha256 " in ran["after"]
    assert f" of 10.0, seabios {own['seabios']}" in ran["after"]


@pytest.mark.full
def test_a_uefi_file_is_held_against_a_releases_build_on_another_qemu(tmp_path: Path) -> None:
    options = ("--from-firmware", str(OVMF), "--to", "10.0", "--to-firmware", "10.0")
    code, document, ran = boot(tmp_path, "ovmf", *options)
    assert code in (0, 1)
    assert document["counts"]["not_judged"] == 0
    assert document["before"].endswith(f"firmware of {OVMF}")
    digest = hashlib.sha256(OVMF.read_bytes()).hexdigest()[:12]
    assert f"(OVMF_CODE_4M.fd sha256 {digest} of {OVMF})" in ran["before"]
    assert ran["after"].startswith("Debian distribution of EDK II 20")
    assert digest not in ran["after"]
    assert " of 10.0, " in ran["after"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--to-firmware", "10.0"), 2, "--to-firmware needs --boot: no firmware runs"),
        (("--from-firmware", "10.0", "--to", "10.0"), 2, "--from-firmware needs --boot"),
        (("--boot", "--to-firmware", str(OVMF)), 2, "is a UEFI build, and this VM runs SeaBIOS"),
        (("--boot", "--to-firmware", "/etc/passwd"), 2, "is neither SeaBIOS nor a UEFI build"),
        (("--boot", "--to-firmware", "9.9"), 3, "QEMU 9.9 is not in the cache"),
    ],
)
def test_firmware_that_cannot_be_run_is_told(
    tmp_path: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "vm.pciabi.yaml").write_text(SCENARIO.format(firmware="seabios"))
    done = pciabi("gate", "vm.pciabi.yaml", *options, cwd=tmp_path)
    assert done.returncode == code
    assert words in done.stdout + done.stderr


def test_a_command_line_cannot_be_booted_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "vm.sh").write_text("qemu-system-x86_64 -m 256\n")
    done = pciabi("gate", "vm.sh", "--boot", "--to", "10.0", cwd=tmp_path)
    assert done.returncode == 2
    assert "only a scenario's VM can be booted" in done.stdout + done.stderr
