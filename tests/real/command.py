"""The installed command, run as a user runs it, and what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PCIABI = Path(sys.executable).with_name("pciabi")


def pciabi(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [PCIABI, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def start(*arguments: str | Path, cwd: Path) -> subprocess.Popen[str]:
    """Start the command in a process group of its own, as a shell would."""
    return subprocess.Popen(
        [PCIABI, *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )


def workspaces() -> set[Path]:
    """The temporary folders of running or killed runs."""
    return set(Path(tempfile.gettempdir()).glob(f"pciabi-{os.getuid()}-*"))


def guests() -> dict[int, str]:
    """Running QEMUs of ours by pid: those whose command line names one of our folders."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if "qemu-system" in words.split(" ")[0] and "pciabi-console" in words:
                found[int(entry.name)] = words
    return found


def wait_for_guest(limit: float = 120) -> int:
    """The pid of a QEMU of ours, once there is one. /proc offers no event to wait for."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        running = guests()
        if running:
            return next(iter(running))
        time.sleep(0.02)
    raise AssertionError("no QEMU was started")


def wait_until_no_guest(limit: float = 10) -> None:
    """Return once no QEMU of ours runs any more."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if not guests():
            return
        time.sleep(0.02)
    raise AssertionError(f"still running: {guests()}")
