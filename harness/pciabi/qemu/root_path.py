"""Paths inside a folder that a distribution is unpacked in.

Whoever lives in such a root takes it for `/`: an absolute link leads to its top, and `..` ends
there. The kernel, which knows nothing of that, would follow the same link to the host's files.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

BUNDLE = "qemu-bundle"
"""What QEMU's build makes in place of a root: links to what it has built, elsewhere."""

# As many as the kernel follows.
_MOST_LINKS = 40


def resolve(root: Path, path: str | PurePosixPath) -> Path:
    """Where on this machine something lies that has the name `path` inside the root.

    Every link on the way is led inside, so that none is left below `root`; what is not there is
    returned as it would be called. Raises OSError where links go round in circles.
    """
    waiting = _steps(str(path))[::-1]
    reached: list[str] = []
    links = 0
    while waiting:
        part = waiting.pop()
        if part == "/":
            reached.clear()
        elif part == "..":
            del reached[-1:]
        else:
            target = _target(root.joinpath(*reached, part))
            if target is None:
                reached.append(part)
                continue
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(root / part))
            waiting += _steps(target)[::-1]
    return root.joinpath(*reached)


def matching(root: Path, pattern: str) -> Iterator[Path]:
    """The places that a shell pattern such as `usr/lib/*-linux-gnu` means inside the root, in
    order of their names."""
    yield from _matching(root, PurePosixPath("/"), PurePosixPath(pattern.lstrip("/")).parts)


def is_held(root: Path) -> bool:
    """Whether a root is called by a descriptor of it, because no name leads there: that of a
    process in a mount namespace of its own."""
    return root.is_relative_to("/proc")


def is_same(path: Path, place: Path) -> bool:
    """Whether the kernel finds the same file or folder by both names."""
    try:
        return path.samefile(place)
    except OSError:
        return False


def inside(root: Path, place: Path) -> PurePosixPath:
    """What a place below `root` is called inside of it, from `/` on."""
    return PurePosixPath("/") / place.relative_to(root).as_posix()


def _steps(path: str) -> list[str]:
    """The steps of a path, of which a first `/` leads to the top."""
    steps = [step for step in path.split("/") if step not in {"", "."}]
    return ["/", *steps] if path.startswith("/") else steps


def _matching(root: Path, above: PurePosixPath, parts: tuple[str, ...]) -> Iterator[Path]:
    if not parts:
        place = resolve(root, above)
        if place.exists():
            yield place
        return
    first, *rest = parts
    if not any(character in first for character in "*?["):
        yield from _matching(root, above / first, tuple(rest))
        return
    for name in sorted(_names(resolve(root, above))):
        if fnmatchcase(name, first) and not name.startswith("."):
            yield from _matching(root, above / name, tuple(rest))


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def _target(place: Path) -> str | None:
    try:
        return str(place.readlink())
    except OSError:
        return None
