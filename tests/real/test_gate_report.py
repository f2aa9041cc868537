"""What `pciabi gate` prints, writes and appends on a real QEMU."""

from __future__ import annotations

import re
from pathlib import Path

from tests.real.command import pciabi
from tests.real.test_gate_remedies import MACHINES, VM

SUMMARY = "GITHUB_STEP_SUMMARY"


def test_the_sentence_comes_first_and_all_formats_are_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "vm.sh").write_text(VM)
    summary = tmp_path / "summary.md"
    summary.write_text("what a step before said\n")
    options = (*MACHINES, "--causes", "--report-dir", "reports")
    done = pciabi("gate", "vm.sh", *options, cwd=tmp_path, **{SUMMARY: str(summary)})
    assert done.returncode == 1, done.stderr
    first, before, after, *_ = done.stdout.splitlines()
    assert first.startswith("Break: the only VM: ")
    assert "Windows sees every PCI device below the root bridge as a new one" in first
    assert before.startswith("before: QEMU emulator version ")
    assert before.endswith(", machine type pc-q35-2.10")
    assert after.endswith(", machine type pc-q35-7.2")
    assert "\nwithout visible effect: device property virtio-net-pci." in done.stdout
    stated = r"^to mend [A-Z, -]+: State the old value: `-device virtio-net-pci,...,vectors=3`.$"
    assert re.search(stated, done.stdout, re.MULTILINE)
    (folder,) = (tmp_path / "reports").iterdir()
    assert {path.name for path in folder.iterdir()} == {
        *("report.html", "report.json", "report.md", "report.sarif", "junit.xml"),
        *("01-vm-before.json", "01-vm-after.json"),
    }
    written = (folder / "report.md").read_text()
    assert summary.read_text() == f"what a step before said\n\n{written}"


def test_a_summary_that_cannot_be_written_is_said_and_changes_no_verdict(tmp_path: Path) -> None:
    (tmp_path / "vm.sh").write_text(VM)
    nowhere = tmp_path / "no-such-folder" / "summary.md"
    same = ("--from-machine", "pc-q35-7.2", "--to-machine", "pc-q35-7.2")
    done = pciabi("gate", "vm.sh", *same, cwd=tmp_path, **{SUMMARY: str(nowhere)})
    assert done.returncode == 0
    assert f"{SUMMARY}: {nowhere} cannot be written: No such file or directory" in done.stderr
    assert done.stdout.startswith("Compatible: nothing a guest sees changes in 1 VM, 1 unknown.\n")
