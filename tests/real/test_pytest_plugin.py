"""pciabi in somebody else's pytest: their scenarios are tests, their other YAML is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pciabi import resources
from tests.real.command import environment, guests, workspaces

README = Path(__file__).parents[2] / "README.md"


def pytest_in(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *arguments],
        cwd=folder,
        env=environment(folder) | variables,
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


def test_the_help_of_pytest_shows_the_options(tmp_path: Path) -> None:
    done = pytest_in(tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    options = ("--pciabi-qemu=QEMU", "--pciabi-accel={auto,kvm,tcg}", "--pciabi-report-dir=DIR")
    for option in options:
        assert option in done.stdout
        # What help shows is in a document too.
        assert option.partition("=")[0] in README.read_text()


@pytest.mark.parametrize(
    ("options", "variables", "words"),
    [
        (("--pciabi-qemu=9.9",), {}, "QEMU 9.9 is not in the cache (pciabi qemu get 9.9)"),
        (("--pciabi-qemu=/nowhere/qemu",), {}, "QEMU is missing: no program /nowhere/qemu"),
        ((), {"PATH": "/nowhere"}, "QEMU is missing: no program qemu-system-x86_64"),
        ((), {"HOME": "/proc", "XDG_CACHE_HOME": ""}, "cannot create the cache folder"),
    ],
)
def test_what_cannot_be_tested_is_one_line_a_case(
    tmp_path: Path, options: tuple[str, ...], variables: dict[str, str], words: str
) -> None:
    (tmp_path / "own.pciabi.yaml").write_text(resources.scenario("two-nics-pinned").read_text())
    done = pytest_in(tmp_path, "-k", "pc-e1000", *options, **variables)
    assert done.returncode == 1, done.stdout
    cases = [part for part in done.stdout.split("\n_____") if "ERROR at setup" in part]
    assert len(cases) == 2
    for case in cases:
        lines = case.partition("\n=====")[0].splitlines()[1:]
        assert len(lines) == 1, case
        assert words in lines[0]
    assert "Traceback" not in done.stdout + done.stderr
