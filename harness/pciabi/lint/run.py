"""Lints many files, side by side where there are many."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from pciabi.errors import InputError
from pciabi.lint import files
from pciabi.lint.engine import FileResult, Settings, lint

# Below this many, starting processes takes longer than it saves.
_FEW = 64
_CHUNK = 16


def run(
    found: Sequence[tuple[str, bool]], settings: Settings, standard_input: bytes
) -> tuple[FileResult, ...]:
    """The result of every file that is a VM's configuration, in the order of `found`.

    A file of a searched folder that is something else is left out; one that was named itself
    is an error.
    """
    one = partial(_one, settings=settings, standard_input=standard_input)
    workers = len(os.sched_getaffinity(0))
    if len(found) < _FEW or workers == 1:
        results = [one(item) for item in found]
    else:
        with ProcessPoolExecutor(workers) as executor:
            results = list(executor.map(one, found, chunksize=_CHUNK))
    return tuple(result for result in results if result is not None)


def _one(item: tuple[str, bool], *, settings: Settings, standard_input: bytes) -> FileResult | None:
    file, named = item
    try:
        result = lint(files.read(file, standard_input), settings)
    except InputError as error:
        return FileResult(file, None, 0, (), error)
    if result.format is not None or result.error is not None:
        return result
    if not named:
        return None
    advice = "--type names the format of a file that does not look like one"
    return FileResult(
        result.file, None, 0, (), InputError(f"{file} is no VM's configuration", advice=advice)
    )
