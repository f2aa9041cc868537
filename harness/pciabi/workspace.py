"""A temporary folder that nobody has to clean up by hand.

Its owner holds a lock on it. A folder without a holder belongs to a run that was killed; the
next run removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pciabi.errors import CannotTest
from pciabi.resources import cache_folder
from pciabi.signals import held, released


def _prefix() -> str:
    return f"pciabi-{os.getuid()}-"


@contextmanager
def workspace() -> Iterator[Path]:
    """A private folder for the time of the block, gone at its end. Raises CannotTest."""
    with held():
        folder, descriptor = _made()
        try:
            with released():
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def _made() -> tuple[Path, int]:
    """A new folder, and the descriptor that holds its lock."""
    cache_folder()
    try:
        _tidy()
        while True:
            folder = Path(tempfile.mkdtemp(prefix=_prefix()))
            descriptor = _locked(folder, fcntl.LOCK_EX)
            # Before it was locked, whoever tidied may have taken it for a killed run's.
            if descriptor is not None:
                return folder, descriptor
    except OSError as error:
        raise CannotTest(f"no temporary folder can be made: {error}") from error


def _tidy() -> None:
    """Remove what killed runs of this user have left."""
    for folder in Path(tempfile.gettempdir()).glob(_prefix() + "*"):
        if not _is_ours(folder):
            continue
        descriptor = _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if descriptor is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def _is_ours(folder: Path) -> bool:
    try:
        there = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(there.st_mode) and there.st_uid == os.getuid()


def _locked(folder: Path, operation: int) -> int | None:
    """The descriptor that holds a folder's lock; None where another one holds it, or somebody
    has removed the folder meanwhile."""
    with ExitStack() as stack:
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, operation)
            if os.path.samestat(os.fstat(descriptor), folder.stat()):
                stack.pop_all()
                return descriptor
        except (BlockingIOError, FileNotFoundError):
            pass
    return None
