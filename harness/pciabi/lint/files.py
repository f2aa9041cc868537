"""Which files are meant by the paths a user names, and their texts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pathspec

from pciabi.bounded_files import read_limited
from pciabi.errors import InputError, SourcePosition
from pciabi.vm.formats import ConfigText, formats

# Reading as much takes seconds and half a gigabyte at the worst, measured on hostile files.
MAX_BYTES = 4_000_000
STDIN = "-"
_IGNORE_FILE = ".gitignore"
_ALWAYS = (".git/",)


def find(paths: Sequence[str], exclude: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Every file meant, each once, and whether it was named itself.

    A folder is searched for files with a format's ending, but for what `.gitignore` or `exclude`
    (in its syntax) leave out. Raises InputError for a path that is not there.
    """
    seen = set()
    for path in paths:
        if path != STDIN and not Path(path).exists():
            raise InputError(f"there is no file or folder {path}")
        found = _in_folder(Path(path), exclude) if Path(path).is_dir() else [(path, True)]
        for file, named in found:
            if file not in seen:
                seen.add(file)
                yield file, named


def endings() -> tuple[str, ...]:
    """The endings of the files that a folder is searched for."""
    return tuple(sorted({ending for format_ in formats() for ending in format_.endings}))


def read(file: str, standard_input: bytes) -> ConfigText:
    """A file's text. Raises InputError where it cannot be read or is no text."""
    place = SourcePosition(file, 1)
    if file == STDIN:
        return ConfigText("<stdin>", _text(standard_input, SourcePosition("<stdin>", 1)))
    try:
        with Path(file).open("rb") as opened:
            return ConfigText(file, _text(opened.read(MAX_BYTES + 1), place))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=place) from error


def _text(raw: bytes, place: SourcePosition) -> str:
    if len(raw) > MAX_BYTES:
        raise InputError(
            f"larger than {MAX_BYTES} bytes", advice="no VM's configuration is", place=place
        )
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8 text", place=SourcePosition(place.file, line)) from None


def _in_folder(root: Path, exclude: Sequence[str]) -> Iterator[tuple[str, bool]]:
    wanted = endings()
    ignored = _Ignored(root, exclude)
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not ignored.leaves_out(here / name, "/"))
        for name in sorted(files):
            # Opening a pipe that somebody left there would wait for ever.
            regular = name.endswith(wanted) and (here / name).is_file()
            if regular and not ignored.leaves_out(here / name, ""):
                yield str(here / name), False


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
                text = read_limited(file, MAX_BYTES).decode(errors="replace")
                found = pathspec.GitIgnoreSpec.from_lines(text.splitlines())
            self.specs[folder] = found
        return self.specs[folder]
