"""A QEMU system emulator on this machine and its version."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

from pciabi.errors import QemuError

OLDEST = (5, 2)
PROGRAM = "qemu-system-x86_64"
_BANNER = re.compile(r"QEMU emulator version (\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Binary:
    """An emulator: its path, its version and the whole version line, which names the package."""

    path: str
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
    try:
        result = subprocess.run(
            [found, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise QemuError(f"{found} --version did not answer: {error}") from error
    match = _BANNER.search(result.stdout)
    if result.returncode != 0 or match is None:
        words = (result.stderr or result.stdout).strip().splitlines()
        raise QemuError(f"{found} is not a working QEMU: {words[0] if words else 'no output'}")
    version = (int(match[1]), int(match[2]), int(match[3] or 0))
    banner = result.stdout.splitlines()[0].strip()
    if version[:2] < OLDEST:
        oldest = ".".join(str(part) for part in OLDEST)
        raise QemuError(
            f"QEMU is too old: {banner}", advice=f"pciabi needs {oldest} or newer: --qemu PATH"
        )
    return Binary(found, version, banner)
