"""The files of unpacked packages, seen as one merged-/usr file system."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pciabi.errors import ImageError

_MERGED = ("bin", "lib", "lib64", "sbin")
_MOST_LINKS = 20


@dataclass(frozen=True)
class PackageTree:
    """Guest paths (relative, below usr/) to where they lie unpacked on the host."""

    files: Mapping[str, Path]

    def chain(self, path: str) -> tuple[str, ...]:
        """The guest paths from `path` through symbolic links to the file itself, in order.

        Raises KeyError where there is no such file.
        """
        steps = [merged(path)]
        while self.files[steps[-1]].is_symlink():
            target = str(self.files[steps[-1]].readlink())
            steps.append(merged(posixpath.join(posixpath.dirname(steps[-1]), target)))
            if len(steps) > _MOST_LINKS:
                raise ImageError(f"{path} is a circle of symbolic links")
        return tuple(steps)

    def read(self, path: str) -> bytes:
        """A file's content. Raises KeyError where there is no such file."""
        return self.files[self.chain(path)[-1]].read_bytes()


def merged(path: str) -> str:
    """The path as a merged-/usr system has it: `/lib64/x` is `usr/lib64/x`."""
    relative = posixpath.normpath("/" + path).lstrip("/")
    return f"usr/{relative}" if relative.split("/")[0] in _MERGED else relative


def index(roots: Iterable[Path]) -> PackageTree:
    """All files and links below the folders that packages were unpacked into."""
    files: dict[str, Path] = {}
    for root in roots:
        for folder, folders, names in os.walk(root):
            linked = [name for name in folders if (Path(folder) / name).is_symlink()]
            for name in (*names, *linked):
                path = Path(folder) / name
                files[merged(path.relative_to(root).as_posix())] = path
    return PackageTree(files)
