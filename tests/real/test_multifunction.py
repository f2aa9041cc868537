"""What is behind a function that no guest looks at, on real QEMU."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.command import pciabi
from tests.real.test_run import report

BEHIND = """\
summary: a bridge at function 1 and what is behind it go with function 0
machine: pc
devices:
  - {driver: virtio-net-pci, id: net0, addr: 0x4}
  - {driver: virtio-rng-pci, id: rng0, addr: 6.0, properties: {multifunction: on}}
  - {driver: pci-bridge, id: br0, addr: 6.1, properties: {chassis_nr: 1}}
  - {driver: e1000, id: net1, bus: br0, addr: 0x3}
steps:
  - boot
  - remove: rng0
  - boot
  - expect:
      br0: {presence: changed}
      net1: {presence: changed}
      net0: {address: unchanged}
"""
NEVER = """\
summary: no guest ever finds fn1
machine: pc
devices:
  - {driver: virtio-net-pci, id: net0, addr: 0x4}
  - {driver: virtio-rng-pci, id: fn1, addr: 6.1}
  - {driver: virtio-rng-pci, id: rng0, addr: 0x7}
steps:
  - boot
  - remove: rng0
  - boot
"""


def test_a_nic_behind_an_unreachable_bridge_is_told_apart_from_a_lost_one(tmp_path: Path) -> None:
    (tmp_path / "own.pciabi.yaml").write_text(BEHIND)
    done = pciabi("run", "own.pciabi.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    unreachable = report(tmp_path)["cases"][0]["boots"][1]["unreachable"]
    assert [(one["path"], one["id"]) for one in unreachable] == [
        ("0/06.1", "br0"),
        ("0/06.1/03.0", "net1"),
    ]


@pytest.mark.parametrize(
    ("more", "place"), [("", 5), ("  - expect: {fn1: {presence: unchanged}}\n", 11)]
)
def test_what_no_guest_ever_finds_proves_nothing(tmp_path: Path, more: str, place: int) -> None:
    (tmp_path / "own.pciabi.yaml").write_text(NEVER + more)
    done = pciabi("run", "own.pciabi.yaml", cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"own.pciabi.yaml:{place}: own[default]: " in done.stdout
    assert "fn1" in done.stdout
    assert "slot 6 has no function 0" in done.stdout
