"""The distribution's own programs, which fetch packages and build images."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pciabi import programs
from pciabi.errors import PackageError
from pciabi.programs import Bounds

_PACKAGE_OF = {
    "apt-get": "apt",
    "apt-cache": "apt",
    "dpkg-deb": "dpkg",
    "depmod": "kmod",
    "zstd": "zstd",
    "lz4": "lz4",
}
# depmod lies where an ordinary user's PATH does not look.
SYSTEM_FOLDERS = ("/usr/sbin", "/sbin")
# The largest answer is a kernel's image, decompressed.
_BOUNDS = Bounds(seconds=600, bytes=512_000_000)
# A download may take its time; a line of its status is a hundred bytes.
_FOLLOWED = Bounds(seconds=7200, bytes=64_000_000)
_NO_SPACE = ("No space left on device", "enough free space")


class ToolFailed(PackageError):
    """A program ended with an error; `complaint` is what it wrote to standard error."""

    def __init__(self, message: str, complaint: str) -> None:
        super().__init__(message)
        self.complaint = complaint


def output(arguments: Sequence[str | Path], *, data: bytes = b"") -> bytes:
    """What a program prints, given `data` on its standard input.

    Raises PackageError where the program is missing or the disk is full, ToolFailed where it
    fails otherwise or passes a bound.
    """
    try:
        said = programs.run(arguments, _BOUNDS, data, _environment())
    except programs.Fault as fault:
        raise _fault(arguments, fault) from fault
    if said.status != 0:
        raise failure(arguments, said.status, said.complaint)
    return said.output


def follow_apt(arguments: Sequence[str], folder: Path, status: Callable[[str], None]) -> None:
    """Run apt-get in `folder` and hand on the lines of its progress. Raises as `output` does."""

    def command(descriptor: int) -> list[str]:
        return ["apt-get", "-o", f"APT::Status-Fd={descriptor}", *arguments]

    try:
        said = programs.follow(command, _FOLLOWED, folder, _environment(), status)
    except programs.Fault as fault:
        raise _fault(command(0), fault) from fault
    if said.status != 0:
        raise failure(command(0), said.status, said.complaint)


def failure(arguments: Sequence[str | Path], status: int, complaint: str) -> PackageError:
    """The error that says why a program failed, in its own last words."""
    if any(words in complaint for words in _NO_SPACE):
        return PackageError(
            "the disk is full", advice="free about 1 GB where the cache and TMPDIR lie"
        )
    program = Path(arguments[0]).name
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    errors = [line.removeprefix("E: ") for line in lines if line.startswith("E: ")]
    words = "; ".join(errors[:2]) or (lines[-1] if lines else f"exit status {status}")
    return ToolFailed(f"{program} failed: {words}", complaint)


def _fault(arguments: Sequence[str | Path], fault: programs.Fault) -> PackageError:
    name = Path(arguments[0]).name
    if not isinstance(fault, programs.Missing):
        return ToolFailed(f"{name} {fault}", "")
    return PackageError(
        f"{name} is not installed",
        advice=f"install the package {_PACKAGE_OF.get(name, name)}; "
        "packages are used on Debian or one of its derivatives",
    )


def _environment() -> dict[str, str]:
    path = os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_FOLDERS])
    return {**os.environ, "LC_ALL": "C", "PATH": path, "DEBIAN_FRONTEND": "noninteractive"}
