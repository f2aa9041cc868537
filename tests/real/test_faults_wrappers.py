"""Programs that are said to be a QEMU: bounded in what they say and take, and nothing of them, or
of what they have started, is left."""

from __future__ import annotations

import os
import resource
import shutil
import signal
from pathlib import Path

import pytest

from tests.real.command import environment, pciabi, start, wait_for, workspaces
from tests.real.fault_table import FAULTS, provokes

QEMU = shutil.which("qemu-system-x86_64")
ASKED = f'case "$*" in *-version*|*help*) exec {QEMU} "$@";; esac'
VM = "qemu-system-x86_64 -nodefaults -machine pc -device e1000,id=n0\n"


def wrapper(folder: Path, script: str) -> Path:
    (folder / "vm.sh").write_text(VM)
    program = folder / "qemu"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def left(folder: Path) -> list[str]:
    """Processes of runs in the folder: their command lines, or where nothing tells, their names."""
    mark = f"TMPDIR={folder}/tmp".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            mine = entry.name.isdigit() and (
                mark in (entry / "environ").read_bytes()
                or str(folder).encode() in (entry / "cmdline").read_bytes()
                or (entry / "cwd").readlink() == folder
            )
            if mine and int(entry.name) != os.getpid():
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found


WITHOUT_EXEC = (
    f'{QEMU} "$@"',
    f'{QEMU} "$@" & wait',
    f'{ASKED}; setsid {QEMU} "$@" & wait',
    f'{ASKED}; setsid -f {QEMU} "$@"; sleep 600',
    f'{ASKED}; env -i {QEMU} "$@"; true',
    f'{ASKED}; sh -c \'setsid {QEMU} "$@" & wait\' sh "$@"; true',
    # The wrapper has ended long before QEMU.
    f'{ASKED}; {QEMU} "$@" & sleep 5',
)


@pytest.mark.parametrize("script", WITHOUT_EXEC)
def test_a_wrapper_that_does_not_exec_leaves_no_qemu(tmp_path: Path, script: str) -> None:
    program = wrapper(tmp_path, script)
    done = pciabi("snapshot", "vm.sh", "--qemu", program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not left(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_what_a_wrapper_has_started(tmp_path: Path, number: signal.Signals) -> None:
    program = wrapper(tmp_path, f"{ASKED}; setsid sleep 600 & touch started; wait")
    running = start("snapshot", "vm.sh", "--qemu", program, cwd=tmp_path)
    wait_for(lambda: (tmp_path / "started").exists())
    running.send_signal(number)
    output, _ = running.communicate(timeout=30)
    assert (running.returncode, output) == (128 + number, f"pciabi: stopped by signal {number}\n")
    assert not left(tmp_path)
    assert not workspaces(tmp_path)


@provokes("QEMU says too much of itself", "QEMU complains without an end")
@pytest.mark.parametrize(
    ("script", "row"),
    [
        ("yes", "QEMU says too much of itself"),
        ("yes >&2", "QEMU says too much of itself"),
        ("tr '\\0' x </dev/zero", "QEMU says too much of itself"),
        (f"{ASKED}; yes >&2", "QEMU complains without an end"),
        (f"{ASKED}; setsid yes >&2", "QEMU complains without an end"),
    ],
)
def test_a_program_that_never_stops_talking(tmp_path: Path, script: str, row: str) -> None:
    program = wrapper(tmp_path, script)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = pciabi("snapshot", "vm.sh", "--qemu", program, cwd=tmp_path)
    FAULTS[row].must_be_in(done)
    assert len(done.stderr.splitlines()) == 1
    assert not left(tmp_path)
    # In kilobytes: no more than a command takes that reads a VM.
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert after <= max(before, 300_000)


@provokes("QEMU's version never comes")
@pytest.mark.parametrize("script", ["sleep 600", "sleep 600 & wait", "while :; do sleep 0.1; done"])
def test_a_program_that_never_answers(tmp_path: Path, script: str) -> None:
    program = wrapper(tmp_path, script)
    done = pciabi("snapshot", "vm.sh", "--qemu", program, cwd=tmp_path)
    FAULTS["QEMU's version never comes"].must_be_in(done)
    assert not left(tmp_path)


@pytest.mark.parametrize(
    "script",
    [
        f'case "$*" in *-version) exec {QEMU} "$@";; esac; yes',
        f'case "$*" in *-version) exec {QEMU} "$@";; esac; echo; exit 1',
        f"{ASKED}; exit 1",
    ],
)
def test_other_answers_of_a_program_are_one_line(tmp_path: Path, script: str) -> None:
    program = wrapper(tmp_path, script)
    scenario = ("two-nics-pinned", "--select", "machine=pc", "--select", "nic=e1000")
    done = pciabi("snapshot", *scenario, "--qemu", program, cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert len(done.stderr.splitlines()[-1]) < 400
    assert "Traceback" not in done.stderr
    assert environment(tmp_path)
    assert not left(tmp_path)
