"""A shipped scenario without what makes it hold is a break, at its line and in plain words."""

from __future__ import annotations

from pathlib import Path

import pytest

from pciabi import resources
from tests.real.command import guests, pciabi, workspaces


@pytest.mark.parametrize(
    ("name", "axes", "old", "new", "line", "words"),
    [
        (
            "add-root-port",
            "machine=q35 nic=virtio-net-pci",
            "addr: 0x2",
            "addr: 0x9",
            "net0: {address",
            "the address of net0 was expected to change and did not",
        ),
        (
            "add-root-port",
            "machine=q35 nic=virtio-net-pci",
            "name: changed, ",
            "name: unchanged, ",
            "net0: {address",
            "net0 renumbered from 0000:01:00.0 to 0000:02:00.0, "
            "the interface is renamed from enp1s0 to enp2s0",
        ),
        (
            "multifunction",
            "machine=pc device=e1000 removed=function0",
            "      fn1: {presence: changed}\n",
            "",
            "boot: one of them",
            "fn1 vanished (unreachable: slot 5 has no function 0,",
        ),
        (
            "multifunction",
            "machine=q35 device=virtio-net-pci removed=function0",
            "  - {remove: fn0, when: {removed: function0}}\n",
            "",
            "fn1: {presence",
            "the presence of fn1 was expected to change and did not",
        ),
        (
            "pin-only-one",
            "machine=pc added=virtio-rng-pci",
            "id: new0, before: net1",
            "id: new0, addr: 0x5, before: net1",
            "refused:",
            "QEMU was expected to refuse net1, and started",
        ),
        (
            "machine-default-devices",
            "machine=pc nic=virtio-net-pci",
            ', addr: 0x3}\n  - {driver: "${nic}", id: net1, addr: 0x4}',
            '}\n  - {driver: "${nic}", id: net1}',
            "net1: {address",
            "net1 moved from 0000:00:04.0 to 0000:00:03.0",
        ),
        (
            "machine-default-devices",
            "machine=q35 nic=e1000",
            "defaults: true",
            "defaults: false",
            "refused:",
            "QEMU was expected to refuse rng0, and started",
        ),
    ],
)
def test_a_sabotaged_scenario_breaks(
    tmp_path: Path, name: str, axes: str, old: str, new: str, line: str, words: str
) -> None:
    text = resources.scenario(name).read_text()
    assert old in text
    text = text.replace(old, new)
    (tmp_path / "own.pciabi.yaml").write_text(text)
    selected = [word for axis in axes.split() for word in ("--select", axis)]
    done = pciabi("run", "own.pciabi.yaml", *selected, cwd=tmp_path)
    output = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1, output
    place = next(number for number, found in enumerate(text.splitlines(), 1) if line in found)
    case = "-".join(axis.partition("=")[2] for axis in axes.split())
    assert f"own.pciabi.yaml:{place}: own[{case}]: {words}" in output
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)
