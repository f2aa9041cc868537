"""Stopped at every stage, by Ctrl-C on a terminal and by signals: in order, nothing left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pexpect
import pytest

from pciabi.distribution import cache
from tests.real.command import (
    PCIABI,
    environment,
    guests,
    pciabi,
    start,
    wait_for,
    wait_for_guest,
    wait_until_no_guest,
    workspaces,
)
from tests.real.fault_table import FAULTS, provokes

RUN = ("run", "two-nics-pinned", "--select", "machine=pc", "--select", "nic=virtio-net-pci")
TWO = ("run", "two-nics-pinned", "--select", "nic=virtio-net-pci", "-j", "1")
SECONDS = 180

Terminal: TypeAlias = "pexpect.spawn[str]"


def nothing_is_left(folder: Path) -> None:
    assert not guests(folder)
    assert not workspaces(folder)


def children(pid: int) -> list[str]:
    """The command lines of a process's children."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    pids = [child for task in tasks for child in task.read_text().split()]
    return [Path(f"/proc/{child}/cmdline").read_text() for child in pids]


def kvm_is_tried(terminal: Terminal, _folder: Path) -> None:
    pid = terminal.pid
    assert pid is not None
    wait_for(lambda: any("isa-debug-exit" in child for child in children(pid)))


def image_is_built(terminal: Terminal, folder: Path) -> None:
    terminal.expect_exact("unpacking")
    assert list(folder.glob("cache/pciabi/images/*/building-*"))


def guest_boots(terminal: Terminal, folder: Path) -> None:
    terminal.expect_exact("booting the guest")
    assert guests(folder)


STAGES: list[Callable[[Terminal, Path], None]] = [image_is_built, guest_boots]
if Path("/dev/kvm").exists():
    STAGES.insert(0, kvm_is_tried)


@provokes("Ctrl-C")
@pytest.mark.parametrize("stage", STAGES)
def test_ctrl_c_on_a_terminal(tmp_path: Path, stage: Callable[[Terminal, Path], None]) -> None:
    own = {**environment(tmp_path), "TERM": "xterm"}
    # In a cache of its own nothing is built yet, and nobody remembers that KVM was tried.
    if stage is not guest_boots:
        place = tmp_path / "cache" / "pciabi"
        place.mkdir(parents=True)
        (place / "packages").symlink_to(cache.packages())
        own["XDG_CACHE_HOME"] = str(place.parent)
    terminal = pexpect.spawn(
        str(PCIABI), list(TWO), cwd=tmp_path, env=own, encoding="utf-8", dimensions=(30, 120)
    )
    terminal.timeout = SECONDS
    said = terminal.logfile_read = _Said()
    stage(terminal, tmp_path)
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus is not None
    FAULTS["Ctrl-C"].must_show(said.text, terminal.exitstatus)
    nothing_is_left(tmp_path)
    assert not list(tmp_path.glob("cache/pciabi/images/*/building-*"))
    # No case is begun any more, and no report tells of a run that was not finished.
    assert not (tmp_path / "reports").exists()


class _Said:
    """What pexpect has read, as a file it can write to."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None: ...


@provokes("SIGTERM")
@pytest.mark.parametrize(
    ("number", "row"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")]
)
def test_a_signal_ends_everything_in_order(
    tmp_path: Path, number: signal.Signals, row: str
) -> None:
    running = start(*TWO, cwd=tmp_path)
    wait_for_guest(tmp_path)
    os.killpg(running.pid, number)
    output, _ = running.communicate(timeout=60)
    FAULTS[row].must_show(output, running.returncode)
    nothing_is_left(tmp_path)


@provokes("Ctrl-C while reporting")
def test_ctrl_c_while_the_report_is_written(tmp_path: Path) -> None:
    # strace holds up each of its writes to disk, so that there is time to press the keys.
    hold = (
        "strace",
        "-qq",
        "-o",
        "trace",
        "-e",
        "trace=fsync",
        "-e",
        "inject=fsync:delay_enter=1s",
    )
    terminal = pexpect.spawn(
        hold[0], [*hold[1:], str(PCIABI), *RUN], cwd=tmp_path, env=environment(tmp_path),
        encoding="utf-8", dimensions=(30, 200), timeout=SECONDS,
    )  # fmt: skip
    said = terminal.logfile_read = _Said()
    wait_for(lambda: any((tmp_path / "reports").glob("*/.*.partial")))
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus is not None
    plain = said.text.replace("\x1b", " ")
    assert "pciabi: stopped by signal 2" in plain
    assert terminal.exitstatus == FAULTS["Ctrl-C while reporting"].exit_code
    # What was begun is whole: the run itself had ended.
    (report,) = (tmp_path / "reports").iterdir()
    assert (report / "report.html").is_file()
    assert not list(report.glob(".*"))
    nothing_is_left(tmp_path)


def test_what_a_killed_run_leaves_the_next_command_tidies(tmp_path: Path) -> None:
    running = start(*RUN, cwd=tmp_path)
    wait_for_guest(tmp_path)
    left = workspaces(tmp_path)
    assert left
    running.kill()
    running.communicate(timeout=60)
    wait_until_no_guest(tmp_path)
    done = pciabi("run", "two-nics-pinned", "--qemu", "/nowhere/qemu", cwd=tmp_path)
    assert done.returncode == 3
    assert not workspaces(tmp_path) & left
