"""Which scenario files a user means: a shipped name, a path, a folder, or a pattern."""

from __future__ import annotations

import fnmatch
import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from pciabi import resources
from pciabi.errors import InputError
from pciabi.vm.scenario import SUFFIX

_PATTERN = frozenset("*?[")


def find(wanted: Sequence[str]) -> tuple[Path, ...]:
    """The files, each once, in the order asked for; all shipped scenarios when nothing is.

    Raises InputError for a word that means no file.
    """
    if not wanted:
        return resources.scenarios()
    return tuple(dict.fromkeys(path for word in wanted for path in _files(word)))


def _files(word: str) -> Iterator[Path]:
    path = Path(word)
    if path.is_dir():
        found = sorted(path.rglob(f"*{SUFFIX}"))
        if not found:
            raise InputError(f"no *{SUFFIX} in folder {word}")
        yield from found
    elif path.exists():
        yield path
    elif _PATTERN & set(word):
        shipped = [p for p in resources.scenarios() if fnmatch.fnmatchcase(p.stem, word)]
        # Path.glob takes no absolute pattern.
        names = sorted(glob.glob(word, recursive=True))  # noqa: PTH207
        found = [*map(Path, names), *shipped]
        if not found:
            raise InputError(f"no scenario matches '{word}'")
        yield from found
    elif "/" in word or "." in word:
        # No shipped scenario's name has either.
        raise InputError(f"there is no file {word}")
    else:
        yield resources.scenario(word)
