"""Finds the shared libraries that programs need, before a guest misses one."""

from __future__ import annotations

from collections.abc import Iterable

from pciabi import elf
from pciabi.errors import ImageError
from pciabi.guest.tree import PackageTree, merged

_FOLDERS = ("usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib")


def needed_by(programs: Iterable[str], tree: PackageTree) -> tuple[str, ...]:
    """The guest paths of all libraries and interpreters behind `programs`, sorted.

    Raises ImageError for one that no package brings.
    """
    found: dict[str, None] = {}
    waiting = list(programs)
    while waiting:
        program = waiting.pop()
        for path in _direct(program, tree):
            if path not in found:
                found[path] = None
                waiting.append(path)
    return tuple(sorted(found))


def _direct(program: str, tree: PackageTree) -> Iterable[str]:
    data = tree.read(program)
    if not elf.is_elf(data):
        return
    needs = elf.needs(data)
    if needs.interpreter is not None:
        interpreter = merged(needs.interpreter)
        if interpreter not in tree.files:
            raise ImageError(f"{program} needs {needs.interpreter}, which no package brings")
        yield interpreter
    folders = (*(merged(folder) for folder in needs.folders), *_FOLDERS)
    for library in needs.libraries:
        places = [f"{folder}/{library}" for folder in folders]
        place = next((place for place in places if place in tree.files), None)
        if place is None:
            raise ImageError(
                f"{program} needs {library}, which no package brings",
                advice="add its package to the recipe",
            )
        yield place
