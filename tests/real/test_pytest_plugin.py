"""pciabi in somebody else's pytest: their scenarios are tests, their other YAML is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pciabi import resources
from tests.real.command import environment, guests, workspaces


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_a_project_of_the_users_own(tmp_path: Path) -> None:
    pinned = resources.scenario("two-nics-pinned").read_text()
    only_pc = pinned.replace("[pc, q35]", "[pc]").replace(
        "[virtio-net-pci, e1000, e1000e, rtl8139, vmxnet3]", "[virtio-net-pci]"
    )
    sabotaged = only_pc.replace(", addr: 0x3", "").replace(", addr: 0x4", "")
    (tmp_path / "held.pciabi.yaml").write_text(only_pc)
    (tmp_path / "moved.pciabi.yaml").write_text(sabotaged)
    (tmp_path / "late.pciabi.yaml").write_text("timeout: 1\n" + only_pc)
    (tmp_path / "values.yaml").write_text("not: a scenario\n")
    done = pytest_in(tmp_path, "--pciabi-accel", "tcg", "--pciabi-report-dir", "out")
    assert done.returncode == 1, done.stdout + done.stderr
    # Could not be tested is an error, seen to move is a failure: never the same thing.
    assert "PASSED held.pciabi.yaml::pc-virtio-net-pci" in done.stdout
    assert "FAILED moved.pciabi.yaml::pc-virtio-net-pci" in done.stdout
    assert "ERROR late.pciabi.yaml::pc-virtio-net-pci" in done.stdout
    assert "1 failed, 1 passed, 1 error" in done.stdout
    assert "net1 moved from 0000:00:03.0 to 0000:00:02.0" in done.stdout
    assert "Traceback" not in done.stdout
    assert len(list((tmp_path / "out").glob("*/report.html"))) == 1
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)


def test_a_bad_scenario_is_one_line_at_collection(tmp_path: Path) -> None:
    (tmp_path / "bad.pciabi.yaml").write_text("summary: x\nmachin: pc\n")
    done = pytest_in(tmp_path)
    assert done.returncode == 2
    assert "bad.pciabi.yaml:2: machin: unknown key 'machin', allowed: summary" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_project_without_scenarios_does_not_pay_for_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "test_light.py").write_text(
        "import sys\n\n"
        "def test_light():\n"
        "    heavy = {'paramiko', 'pydantic', 'jinja2', 'qemu.qmp'}\n"
        "    assert not heavy & set(sys.modules)\n"
    )
    done = pytest_in(tmp_path)
    assert done.returncode == 0, done.stdout
