"""Starts that a real QEMU must refuse, without any boot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.real.command import pciabi, workspaces
from tests.real.test_run import report

ALONE = """\
summary: one slot, two devices
machine: pc
devices:
  - {driver: e1000, id: net0, addr: 0x3}
  - {driver: virtio-rng-pci, id: rng0, addr: 0x3}
steps:
  - refused: {device: rng0, saying: slot 3 function 0 not available}
"""
WORDS = "PCI: slot 3 function 0 not available for virtio-rng-pci, in use by e1000,id=net0"


def test_a_refusal_alone_is_a_scenario(tmp_path: Path) -> None:
    (tmp_path / "own.pciabi.yaml").write_text(ALONE)
    done = pciabi("run", "own.pciabi.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"held: own[default]: QEMU refused rng0 as expected: {WORDS}" in done.stdout
    (case,) = report(tmp_path)["cases"]
    assert not case["boots"]
    (refusal,) = case["refusals"]
    assert (refusal["held"], refusal["blamed"], refusal["words"]) == (True, "rng0", WORDS)
    assert "virtio-rng-pci,id=rng0,addr=0x3" in refusal["command_line"]
    (run,) = (tmp_path / "reports").iterdir()
    assert WORDS in (run / "report.html").read_text()
    assert WORDS in (run / "junit.xml").read_text()
    assert not workspaces(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("rng0, addr: 0x3}", "rng0, addr: 0x4}", 1, "expected to refuse rng0, and started"),
        ("device: rng0", "device: net0", 1, f"expected to refuse net0, and refused rng0: {WORDS}"),
        (
            "saying: slot 3",
            "saying: slot 4",
            1,
            "saying 'slot 4 function 0 not available', and sa",
        ),
        ("machine: pc\n", "machine: pc-1\n", 2, "unknown machine type 'pc-1'"),
        ("driver: virtio-rng-pci", "driver: no-such", 2, "unknown device driver 'no-such'"),
    ],
)
def test_any_other_end_is_none(tmp_path: Path, old: str, new: str, code: int, words: str) -> None:
    assert old in ALONE
    (tmp_path / "own.pciabi.yaml").write_text(ALONE.replace(old, new))
    done = pciabi("run", "own.pciabi.yaml", cwd=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    line = {1: 7, 2: 2 if "machine" in old else 5}[code]
    assert f"own.pciabi.yaml:{line}: own[default]: " in done.stdout
    assert words in done.stdout
    assert not workspaces(tmp_path)


@pytest.mark.parametrize(
    ("end", "words"),
    [("kill -9 $$", "QEMU ended by signal 9"), ("echo broken >&2; exit 1", "broken")],
)
def test_a_qemu_that_fails_by_itself_has_refused_nothing(
    tmp_path: Path, end: str, words: str
) -> None:
    real = shutil.which("qemu-system-x86_64")
    program = tmp_path / "qemu"
    program.write_text(f'#!/bin/sh\ncase " $* " in *" -S "*) {end} ;; esac\nexec {real} "$@"\n')
    program.chmod(0o755)
    (tmp_path / "own.pciabi.yaml").write_text(ALONE)
    done = pciabi("run", "own.pciabi.yaml", "--qemu", program, cwd=tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert words in done.stdout
    assert not workspaces(tmp_path)
