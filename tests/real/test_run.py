"""The two-NIC test plan on real QEMU boots, through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pciabi import resources
from tests.real.command import guests, pciabi, workspaces

ONE = ("--select", "machine=pc", "--select", "nic=virtio-net-pci")


def report(folder: Path) -> dict[str, Any]:
    (run,) = (folder / "reports").iterdir()
    assert (run / "report.html").is_file()
    assert (run / "junit.xml").is_file()
    loaded = json.loads((run / "report.json").read_text())
    assert isinstance(loaded, dict)
    return loaded


def test_the_control_moves_and_the_pinned_nic_stays(tmp_path: Path) -> None:
    done = pciabi("run", "two-nics-unpinned", "two-nics-pinned", *ONE, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    document = report(tmp_path)
    assert document["verdict"] == "compatible"
    changes = [c for c in document["changes"] if c["id"] == "net1"]
    (move,) = [c for c in changes if c["severity"] == "breaking"]
    assert (move["kind"], move["expected"]) == ("moved", True)
    assert move["case"].startswith("two-nics-unpinned[")
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_a_pinned_scenario_without_its_addresses_is_a_break(tmp_path: Path, machine: str) -> None:
    text = resources.scenario("two-nics-pinned").read_text()
    sabotaged = text.replace(", addr: 0x3", "").replace(", addr: 0x4", "")
    assert text.count("addr: 0x") == 2
    assert "addr: 0x" not in sabotaged
    (tmp_path / "sabotage.pciabi.yaml").write_text(sabotaged)
    wanted = ("--select", f"machine={machine}", "--select", "nic=virtio-net-pci")
    done = pciabi("run", "sabotage.pciabi.yaml", *wanted, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    document = report(tmp_path)
    assert document["verdict"] == "break"
    (move,) = [c for c in document["changes"] if c["severity"] == "breaking" and not c["expected"]]
    assert (move["id"], move["kind"]) == ("net1", "moved")
    before, after = {"pc": ("3", "2"), "q35": ("2", "1")}[machine]
    old, new = {"pc": ("ens3", "ens2"), "q35": ("enp0s2", "enp0s1")}[machine]
    assert move["address_before"] == f"0000:00:0{before}.0"
    assert move["address_after"] == f"0000:00:0{after}.0"
    (run,) = (tmp_path / "reports").iterdir()
    html = (run / "report.html").read_text()
    for words in ("net1", f"00:0{before}.0", f"00:0{after}.0", old, new):
        assert words in html
        assert words in done.stdout
    assert "net1 moved from" in (run / "junit.xml").read_text()


def test_a_control_that_does_not_move_fails(tmp_path: Path) -> None:
    text = resources.scenario("two-nics-unpinned").read_text()
    pinned = text.replace("id: net0}", "id: net0, addr: 0x3}").replace(
        "id: net1}", "id: net1, addr: 0x4}"
    )
    (tmp_path / "control.pciabi.yaml").write_text(pinned)
    done = pciabi("run", "control.pciabi.yaml", *ONE, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "was expected to change and did not" in " ".join(done.stdout.split())
