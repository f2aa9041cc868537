"""The installed command, run as a user runs it, and what it leaves behind.

Each test gives its runs a temporary folder of their own, below its working folder, so that
it sees its own leftovers and not those of somebody else's run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PCIABI = Path(sys.executable).with_name("pciabi")


def environment(folder: Path) -> dict[str, str]:
    """The environment of a run in `folder`."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    return {**os.environ, "TMPDIR": str(temporary)}


def pciabi(*arguments: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with further variables in its environment."""
    return subprocess.run(
        [PCIABI, *map(str, arguments)],
        cwd=cwd,
        env=environment(cwd) | variables,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def start(*arguments: str | Path, cwd: Path, **variables: str) -> subprocess.Popen[str]:
    """As `pciabi`, but only started, in a process group of its own, as a shell would."""
    return subprocess.Popen(
        [PCIABI, *map(str, arguments)],
        cwd=cwd,
        env=environment(cwd) | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )


def workspaces(folder: Path) -> set[Path]:
    """The temporary folders that runs in `folder` have or left."""
    return set((folder / "tmp").glob("pciabi-*"))


def guests(folder: Path) -> dict[int, str]:
    """Running guests of runs in `folder` by pid: each has a temporary folder below it."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode().split("\0")
                variables = (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            # A released QEMU is started by its own loader.
            started = "qemu-system" in words[0] or "/ld-linux" in words[0]
            if started and f"TMPDIR={folder}/tmp/" in variables:
                found[int(entry.name)] = " ".join(words)
    return found


def wait_for(happened: Callable[[], bool], limit: float = 120) -> None:
    """Return once something has happened of which the system tells nobody."""
    end = time.monotonic() + limit
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def wait_for_guest(folder: Path) -> int:
    """The pid of a QEMU of a run in `folder`, once there is one."""
    wait_for(lambda: bool(guests(folder)))
    return next(iter(guests(folder)))


def wait_until_no_guest(folder: Path) -> None:
    """Return once no QEMU of a run in `folder` runs any more."""
    wait_for(lambda: not guests(folder), 10)
