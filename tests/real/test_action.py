"""`action.yml` carried out step by step, with inputs in the environment as GitHub hands them over,
and the shell lines of docs/gate-in-ci.md."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.real.command import PCIABI
from tests.real.releases import emulator
from tests.real.test_faults_surroundings import AS_NOBODY

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
PAGE = (ROOT / "docs/gate-in-ci.md").read_text()
EXAMPLES = ROOT / "examples/gate"
_INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")
# GitHub's own way to start bash.
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


@dataclass(frozen=True)
class Runner:
    """A runner's temporary folder, and the job's working folder."""

    temporary: Path
    folder: Path

    def carry_out(self, step: str, inputs: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """One step, with these inputs and every other one's default."""
        known = {name: given.get("default", "") for name, given in ACTION["inputs"].items()}
        assert set(inputs) <= set(known)
        given = {**known, **inputs}
        script = self.temporary / "step.sh"
        script.write_text(STEPS[step]["run"])
        own = {
            name: _INPUT.sub(lambda match: given[match[1]], text)
            for name, text in STEPS[step]["env"].items()
        }
        files = {
            name: str(self.temporary / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        }
        return subprocess.run(
            [*BASH, str(script)],
            cwd=self.folder,
            env={
                **os.environ,
                **files,
                **own,
                "RUNNER_TEMP": str(self.temporary),
                "GITHUB_ACTION_PATH": str(ROOT),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def gate(
        self, inputs: Mapping[str, str]
    ) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        """The last step, and the outputs that it sets."""
        output = self.temporary / "GITHUB_OUTPUT"
        output.unlink(missing_ok=True)
        done = self.carry_out("Gate", inputs)
        lines = output.read_text().splitlines()
        return done, dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runner's temporary folder in which the first step has been carried out."""
    folder = tmp_path_factory.mktemp("runner")
    done = Runner(folder, folder).carry_out("Install pciabi", {})
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def runner(installed: Path, tmp_path: Path) -> Runner:
    """A runner with pciabi installed, in a folder with the examples in `vms`."""
    shutil.copytree(EXAMPLES, tmp_path / "vms")
    (installed / "GITHUB_STEP_SUMMARY").unlink(missing_ok=True)
    return Runner(installed, tmp_path)


def test_qemus_are_fetched_and_paths_are_not(runner: Runner) -> None:
    path = str(shutil.which("qemu-system-x86_64"))
    done = runner.carry_out("Fetch QEMUs and libvirts", {"from": path, "to": "debian:trixie"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("debian:trixie"), done.stdout
    wrong = runner.carry_out("Fetch QEMUs and libvirts", {"from": "debian:$(touch here)", "to": ""})
    assert wrong.returncode == 2
    assert [found.name for found in runner.folder.iterdir()] == ["vms"]


def test_a_libvirt_is_fetched_with_the_qemu_that_it_is_to_run(runner: Runner) -> None:
    sides = {"from": "libvirt:9.0", "to": "libvirt:11.3@11.1"}
    done = runner.carry_out("Fetch QEMUs and libvirts", sides)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "libvirt:debian:bookworm",
        "debian:bookworm",
        "libvirt:debian:trixie",
        "debian:trixie-backports",
    ]
    here = runner.carry_out("Fetch QEMUs and libvirts", {"from": "libvirt:host", "to": ""})
    assert (here.returncode, here.stdout) == (0, "")


def test_a_break_fails_the_step_and_is_told(runner: Runner) -> None:
    done, outputs = runner.gate({"configs": "vms/ati-vga.sh", "from": "10.0", "to": "11.1"})
    assert (done.returncode, outputs["exit-code"], outputs["verdict"]) == (1, "1", "break")
    report = runner.folder / outputs["report"]
    assert {"report.html", "report.json", "junit.xml"} <= {path.name for path in report.iterdir()}
    assert report.parent == runner.folder / "pciabi-reports"
    assert "BAR 0" in (runner.temporary / "GITHUB_STEP_SUMMARY").read_text()
    assert "Break" in done.stdout


def test_the_outputs_are_told_whatever_format_is_asked_for(runner: Runner) -> None:
    options = "--format\njson"
    inputs = {"configs": "vms/unchanged.sh", "from": "10.0", "to": "10.0", "options": options}
    done, outputs = runner.gate(inputs)
    assert (done.returncode, outputs["exit-code"], outputs["verdict"]) == (0, "0", "compatible")
    assert (runner.folder / outputs["report"] / "report.json").is_file()


def test_no_name_that_is_printed_is_a_workflow_command(runner: Runner) -> None:
    shutil.copy(EXAMPLES / "ati-vga.sh", runner.folder / "vms/##[group]a.sh")
    done, _ = runner.gate({"configs": "vms/##[[]group]a.sh", "from": "10.0", "to": "11.1"})
    assert done.returncode == 1
    first, *lines, last = done.stdout.splitlines()
    token = first.removeprefix("::stop-commands::")
    assert len(token) == 32
    assert last == f"::{token}::"
    assert any("##[group]a" in line for line in lines)


def test_what_stays_passes_and_every_line_is_a_configuration(runner: Runner) -> None:
    shutil.copy(EXAMPLES / "unchanged.sh", runner.folder / "vms/web 1.sh")
    done, outputs = runner.gate(
        {
            "configs": "vms/unchanged.sh\nvms/web*\n",
            "from": "10.0",
            "to": "11.1",
            "options": "--fail-on\nnotable\n",
            "report-dir": "my reports",
        }
    )
    assert (done.returncode, outputs["exit-code"]) == (0, "0"), done.stderr
    assert outputs["verdict"] == "compatible"
    assert outputs["report"].startswith("my reports/")
    assert "2 VMs" in done.stdout


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"configs": "vms/none.sh", "to": "11.1"}, "2"),
        ({"configs": "vms/unchanged.sh"}, "2"),
        ({"configs": "", "to": "11.1"}, "2"),
        ({"configs": "vms", "to": "no-such-qemu"}, "3"),
        ({"configs": "$(touch here)\n;touch here", "to": "11.1"}, "2"),
        ({"configs": "vms/unchanged.sh", "to-machine": "pc;touch here\ntouch here"}, "2"),
        (
            {"configs": "vms/unchanged.sh", "to": "11.1", "options": "$(touch here)\n`touch here`"},
            "2",
        ),
        ({"configs": "vms/unchanged.sh", "to": "11.1", "report-dir": "vms/unchanged.sh/no"}, "3"),
    ],
)
def test_what_cannot_be_judged_is_red_and_no_input_is_a_command(
    inputs: dict[str, str], code: str, runner: Runner
) -> None:
    done, outputs = runner.gate(inputs)
    assert str(done.returncode) == outputs["exit-code"] == code, done.stderr
    assert outputs["verdict"] == "error"
    assert not list(runner.folder.rglob("here"))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    with tempfile.TemporaryDirectory(prefix="pciabi-test-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


def test_the_pages_lines_do_what_they_say(open_folder: Path) -> None:
    plain, offline = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    vms = open_folder / "vms"
    vms.mkdir()
    shutil.copy(EXAMPLES / "unchanged.sh", vms)
    own = dict(os.environ, PATH=f"{PCIABI.parent}{os.pathsep}{os.environ['PATH']}")
    done = subprocess.run(
        [*BASH, "-c", plain], cwd=open_folder, env=own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (report,) = (open_folder / "gate").iterdir()
    assert (report / "report.html").is_file()
    shutil.rmtree(open_folder / "gate")
    for name, version in (("old-root", "10.0"), ("new-root", "11.1")):
        shutil.copytree(root_of(version), open_folder / name, symlinks=True)
    done = subprocess.run(
        ["unshare", "--net", *AS_NOBODY, *BASH, "-c", offline],
        cwd=open_folder,
        env={**own, "HOME": str(open_folder), "XDG_CACHE_HOME": str(open_folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Compatible" in done.stdout


def root_of(version: str) -> Path:
    """The unpacked root of a release."""
    root = emulator(version).root
    assert root is not None
    return root
