"""A QEMU system emulator on this machine and its version."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pciabi.errors import QemuError

OLDEST = (5, 2)
PROGRAM = "qemu-system-x86_64"
_BANNER = re.compile(r"QEMU emulator version (\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Binary:
    """An emulator: how it is started, its version and the whole version line, which names the
    package.

    `command` goes in front of QEMU's own arguments; starting it keeps the process id and the
    open descriptors. `name` is what a user types to start it. `root` is the folder its own
    firmware lies below, `/` for the host's.
    """

    name: str
    command: tuple[str, ...]
    root: Path
    version: tuple[int, int, int]
    banner: str

    @property
    def version_text(self) -> str:
        """Such as `7.2.22`."""
        return ".".join(str(part) for part in self.version)


def find(path: str | None) -> Binary:
    """The emulator at `path`, or the one on PATH.

    Raises QemuError when there is none, it does not run, or it is older than `OLDEST`.
    """
    wanted = path or PROGRAM
    found = shutil.which(wanted)
    if found is None:
        raise QemuError(
            f"QEMU is missing: no program {wanted}",
            advice="apt-get install qemu-system-x86, or name one with --qemu PATH",
        )
    return ask(found, (found,), Path("/"))


def ask(name: str, command: Sequence[str], root: Path) -> Binary:
    """The emulator that a command starts, in its own words. Raises QemuError as `find` does."""
    try:
        result = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise QemuError(f"{name} --version did not answer: {error}") from error
    match = _BANNER.search(result.stdout)
    if result.returncode != 0 or match is None:
        words = (result.stderr or result.stdout).strip().splitlines()
        raise QemuError(f"{name} is not a working QEMU: {words[0] if words else 'no output'}")
    version = (int(match[1]), int(match[2]), int(match[3] or 0))
    banner = result.stdout.splitlines()[0].strip()
    if version[:2] < OLDEST:
        oldest = ".".join(str(part) for part in OLDEST)
        raise QemuError(
            f"QEMU is too old: {banner}", advice=f"pciabi needs {oldest} or newer: --qemu PATH"
        )
    return Binary(name, tuple(command), root, version, banner)
