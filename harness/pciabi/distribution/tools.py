"""The distribution's own programs, which fetch packages and build images: the one place that
starts them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pciabi.errors import PackageError

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
_NO_SPACE = ("No space left on device", "enough free space")


class ToolFailed(PackageError):
    """A program ended with an error; `complaint` is what it wrote to standard error."""

    def __init__(self, message: str, complaint: str) -> None:
        super().__init__(message)
        self.complaint = complaint


def output(arguments: Sequence[str | Path], *, data: bytes = b"") -> bytes:
    """What a program prints, given `data` on its standard input.

    Raises PackageError where the program is missing or the disk is full, ToolFailed where it
    fails otherwise.
    """
    try:
        done = subprocess.run(
            arguments, input=data, capture_output=True, check=False, env=_environment()
        )
    except FileNotFoundError as error:
        raise _missing(str(arguments[0])) from error
    if done.returncode != 0:
        raise failure(arguments, done.returncode, done.stderr.decode(errors="replace"))
    return done.stdout


def follow(arguments: Sequence[str | Path], folder: Path, status: Callable[[str], None]) -> None:
    """Run a program in `folder` and hand on the lines it writes to its status descriptor.

    `{status}` among the arguments becomes the descriptor's number. Raises as `output` does.
    """
    reading, writing = os.pipe()
    words = [str(argument).format(status=writing) for argument in arguments]
    with tempfile.TemporaryFile() as complaints, os.fdopen(reading, "r") as lines:
        try:
            process = subprocess.Popen(
                words,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                pass_fds=(writing,),
                env=_environment(),
            )
        except FileNotFoundError as error:
            raise _missing(words[0]) from error
        finally:
            os.close(writing)
        with process:
            try:
                for line in lines:
                    status(line.rstrip("\n"))
            except BaseException:
                process.kill()
                raise
        complaints.seek(0)
        if process.returncode != 0:
            text = complaints.read().decode(errors="replace")
            raise failure(words, process.returncode, text)


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


def _missing(program: str) -> PackageError:
    name = Path(program).name
    return PackageError(
        f"{name} is not installed",
        advice=f"install the package {_PACKAGE_OF.get(name, name)}; "
        "packages are used on Debian or one of its derivatives",
    )


def _environment() -> dict[str, str]:
    path = os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_FOLDERS])
    return {**os.environ, "LC_ALL": "C", "PATH": path, "DEBIAN_FRONTEND": "noninteractive"}
