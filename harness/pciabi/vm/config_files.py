"""Which files may hold a VM's configuration, where a user names a file or a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pathspec

from pciabi.bounded_files import read_limited
from pciabi.errors import InputError
from pciabi.vm.formats import formats

_MAX_BYTES = 4_000_000
_IGNORE_FILE = ".gitignore"
_ALWAYS = (".git/",)


def in_path(path: str, exclude: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Every file a path means, and whether it was named itself.

    A folder is searched for files with a format's ending, but for what `.gitignore` or `exclude`
    (in its syntax) leave out, and for links to a file of its own, as libvirt's `autostart` has
    them. Raises InputError for a path that is not there.
    """
    if not Path(path).exists():
        raise InputError(f"there is no file or folder {path}")
    if Path(path).is_dir():
        yield from _in_folder(Path(path), exclude)
    else:
        yield path, True


def endings() -> tuple[str, ...]:
    """The endings of the files that a folder is searched for."""
    return tuple(sorted({ending for format_ in formats() for ending in format_.endings}))


def _in_folder(root: Path, exclude: Sequence[str]) -> Iterator[tuple[str, bool]]:
    wanted = endings()
    ignored = _Ignored(root, exclude)
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not ignored.leaves_out(here / name, "/"))
        for name in sorted(files):
            # Opening a pipe that somebody left there would wait for ever.
            regular = name.endswith(wanted) and (here / name).is_file()
            if regular and not ignored.leaves_out(here / name, ""):
                found.append(here / name)
    there = {os.path.realpath(path) for path in found if not path.is_symlink()}
    for path in found:
        if not (path.is_symlink() and os.path.realpath(path) in there):
            yield str(path), False


class _Ignored:
    """The `.gitignore` files of a tree, each for what lies below it, and the user's own."""

    def __init__(self, root: Path, exclude: Sequence[str]) -> None:
        self.root = root
        self.own = pathspec.GitIgnoreSpec.from_lines((*_ALWAYS, *exclude))
        self.specs: dict[Path, pathspec.GitIgnoreSpec | None] = {}

    def leaves_out(self, path: Path, ending: str) -> bool:
        if self.own.match_file(f"{path.relative_to(self.root)}{ending}"):
            return True
        for folder in path.parents:
            spec = self._spec(folder)
            verdict = spec.check_file(f"{path.relative_to(folder)}{ending}") if spec else None
            # The nearest file that says anything about the path is the one that counts.
            if verdict is not None and verdict.include is not None:
                return verdict.include
            if folder == self.root:
                break
        return False

    def _spec(self, folder: Path) -> pathspec.GitIgnoreSpec | None:
        if folder not in self.specs:
            file = folder / _IGNORE_FILE
            found = None
            if file.is_file():
                text = read_limited(file, _MAX_BYTES).decode(errors="replace")
                found = pathspec.GitIgnoreSpec.from_lines(text.splitlines())
            self.specs[folder] = found
        return self.specs[folder]
