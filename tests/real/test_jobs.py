"""Several guests at once: every case is run whatever becomes of the others, in one table."""

from __future__ import annotations

import json
from pathlib import Path

import pexpect
import pyte

from tests.real.command import PCIABI, environment, guests, workspaces

CASES = ("virtio-net-pci", "e1001", "rtl8139", "e1000")
MIXED = """\
summary: of four cases one cannot be tested and one breaks
matrix:
  nic: [virtio-net-pci, e1001, rtl8139, e1000]
machine: pc
devices:
  - {driver: "${nic}", id: net0, addr: 0x3, when: {nic: [virtio-net-pci, e1001, e1000]}}
  - {driver: "${nic}", id: net1, addr: 0x4, when: {nic: [virtio-net-pci, e1001, e1000]}}
  - {driver: "${nic}", id: net0, when: {nic: rtl8139}}
  - {driver: "${nic}", id: net1, when: {nic: rtl8139}}
steps:
  - boot
  - remove: net0
  - boot
  - expect: {net1: {address: unchanged}}
"""


def screens(arguments: list[str], folder: Path) -> tuple[list[list[str]], int | None]:
    """Every different picture a terminal of 30 lines shows while the command runs, and its exit
    code."""
    screen = pyte.Screen(110, 30)
    stream = pyte.ByteStream(screen)
    child: pexpect.spawn[bytes] = pexpect.spawn(
        str(PCIABI),
        arguments,
        cwd=str(folder),
        env=environment(folder),
        dimensions=(30, 110),
        encoding=None,
    )
    pictures: list[list[str]] = []
    while True:
        try:
            stream.feed(child.read_nonblocking(65536, timeout=300))
        except pexpect.EOF:
            break
        picture = [line.rstrip() for line in screen.display if line.strip()]
        if not pictures or picture != pictures[-1]:
            pictures.append(picture)
    child.close()
    return pictures, child.exitstatus


def test_every_case_is_run_and_shown_in_one_table(tmp_path: Path) -> None:
    (tmp_path / "mixed.pciabi.yaml").write_text(MIXED)
    pictures, code = screens(["run", "mixed.pciabi.yaml", "-j", "3"], tmp_path)
    assert code == 2
    # Never two tables on the screen, and at some time three guests in the one.
    heads = [sum(line.startswith("running ") for line in picture) for picture in pictures]
    assert max(heads) == 1
    rows = [sum(line.startswith("mixed[") for line in picture) for picture in pictures[:-1]]
    assert max(rows) == 3
    (run,) = (tmp_path / "reports").iterdir()
    document = json.loads((run / "report.json").read_text())
    assert [(case["name"], case["verdict"]) for case in document["cases"]] == list(
        zip(CASES, ("compatible", "error", "break", "compatible"), strict=True)
    )
    words = ("held ", "NOT ", "BROKE ")
    shown = [line.split()[0] for line in pictures[-1] if line.startswith(words)]
    assert shown == ["held", "NOT", "BROKE", "held"]
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)
