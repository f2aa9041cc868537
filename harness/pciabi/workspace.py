"""A temporary folder that nobody has to clean up by hand.

Its owner holds a lock on it. A folder without a holder belongs to a run that was killed; the
next run removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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
    try:
        # Making and locking a folder is one step to anybody who tidies.
        with _locked(cache_folder() / "workspaces.lock", fcntl.LOCK_EX):
            _tidy()
            folder = Path(tempfile.mkdtemp(prefix=_prefix()))
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        raise CannotTest(f"no temporary folder can be made: {error}") from error
    return folder, descriptor


@contextmanager
def _locked(path: Path, operation: int) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, operation)
        yield
    finally:
        os.close(descriptor)


def _tidy() -> None:
    for folder in Path(tempfile.gettempdir()).glob(_prefix() + "*"):
        if folder.is_symlink() or not folder.is_dir() or folder.stat().st_uid != os.getuid():
            continue
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)
