"""Where what is made of packages is kept, safe against builds at the same time and killed ones.

::

    ~/.cache/pciabi/                     or XDG_CACHE_HOME/pciabi
        packages/                        archives as apt delivered them
            lock                         held while downloading
            download-XXXX/               a download in progress, or what a killed one left
        images/<recipe>-<recipe digest>/
        qemu/<suite>-<recipe digest>/    a shelf: all that was ever built from one recipe
            lock                         held while building
            building-XXXX/               a build in progress, or what a killed one left
            <content digest>/            what is finished; never written to again
            current                      link to what is in use
"""

from __future__ import annotations

import errno
import fcntl
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pciabi.errors import PackageError
from pciabi.resources import cache_root
from pciabi.signals import held, released

DOWNLOADING = "download-"
_BUILDING = "building-"
_CURRENT = "current"
_LOCK = "lock"
_DIGITS = 16
_WAITING_SECONDS = 0.2


def root() -> Path:
    """The cache folder of the user who runs pciabi. Raises CannotTest."""
    return cache_root()


def packages() -> Path:
    """The folder of downloaded packages."""
    return root() / "packages"


def shelf(kind: str, name: str, recipe_digest: str) -> Path:
    """The folder of all that was built from one state of a recipe. `kind` is such as `images`."""
    return root() / kind / f"{name}-{recipe_digest[:_DIGITS]}"


def shelves(kind: str) -> tuple[Path, ...]:
    """All recipes' folders that hold something finished."""
    return tuple(sorted(path.parent for path in (root() / kind).glob(f"*/{_CURRENT}")))


def current(folder: Path) -> Path | None:
    """What is in use on a shelf, or None."""
    link = folder / _CURRENT
    return link.resolve() if link.is_dir() else None


@contextmanager
def downloading(waiting: Callable[[], None]) -> Iterator[Path]:
    """The folder of downloaded packages, while nobody else downloads into it.

    `waiting` is called as in `building`. What killed downloads left is removed.
    """
    with _alone(packages(), DOWNLOADING, waiting):
        yield packages()


@contextmanager
def building(folder: Path, waiting: Callable[[], None]) -> Iterator[Path]:
    """A fresh folder to build in, while nobody else builds on this shelf.

    `waiting` is called again and again while another build has to end first; it may raise.
    What killed builds left is removed.
    """
    with _alone(folder, _BUILDING, waiting), held():
        work = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=folder))
        try:
            with released():
                yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def publish(ready: Path, folder: Path, digest: str) -> Path:
    """Move something finished to its place on the shelf and make it the current one.

    To be called while building, with a folder inside the build's. What has the same digest
    gives way, so that a damaged one is mended.
    """
    place = folder / digest[:_DIGITS]
    if place.exists():
        place.replace(Path(tempfile.mkdtemp(prefix=_BUILDING, dir=folder)) / "old")
    ready.replace(place)
    use(place)
    for left in folder.glob(f"{_BUILDING}*"):
        if left != ready.parent:
            _remove(left)
    return place


def use(place: Path) -> None:
    """Make something finished the current one on its shelf. To be called while building."""
    folder = place.parent
    link = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=folder)) / _CURRENT
    link.symlink_to(place.name)
    link.replace(folder / _CURRENT)
    link.parent.rmdir()


def finished(kind: str) -> tuple[Path, ...]:
    """Everything finished on all shelves, whether it is in use or not."""
    places = (root() / kind).glob(f"*/{'[0-9a-f]' * _DIGITS}")
    return tuple(sorted(place for place in places if place.is_dir()))


def remove(place: Path, waiting: Callable[[], None]) -> None:
    """Remove something finished from its shelf. `waiting` is called as in `building`."""
    with building(place.parent, waiting) as work:
        if current(place.parent) == place.resolve():
            (place.parent / _CURRENT).unlink()
        # Whoever held the lock may have removed it.
        if place.is_dir():
            place.replace(work / "old")


@contextmanager
def disk_faults() -> Iterator[None]:
    """Within the block a disk that is full or cannot be written is one clear PackageError."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            message = "the disk is full"
        else:
            message = f"the cache cannot be written: {error.strerror}"
        raise PackageError(
            message, advice=f"look at {root()}, or set XDG_CACHE_HOME to a better place"
        ) from error


@contextmanager
def _alone(folder: Path, leftovers: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the folder's lock, and first remove what begins with `leftovers`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        _lock(lock.fileno(), waiting)
        for left in folder.glob(f"{leftovers}*"):
            _remove(left)
        yield


def _lock(descriptor: int, waiting: Callable[[], None]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # In a thread of its own, so that `waiting` can give up: flock outlasts signals.
        locking = threading.Thread(
            target=fcntl.flock, args=(descriptor, fcntl.LOCK_EX), daemon=True
        )
        locking.start()
        while locking.is_alive():
            waiting()
            locking.join(_WAITING_SECONDS)


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise PackageError(
            f"{folder}, left by a killed build, cannot be removed: {error.strerror}",
            advice="remove it by hand",
        ) from error
