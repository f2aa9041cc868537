"""Lints many files, side by side where there are many."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial

from pciabi.cancellation import Cancellation
from pciabi.errors import CannotTest, InputError
from pciabi.lint import files
from pciabi.lint.engine import FileResult, Settings, lint
from pciabi.signals import STOPPING, held, stopping

# Below this many, starting processes takes longer than it saves.
_FEW = 64
_CHUNK = 8


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
        results = _side_by_side(one, found, workers)
    return tuple(result for result in results if result is not None)


def _side_by_side(
    one: Callable[[tuple[str, bool]], FileResult | None],
    found: Sequence[tuple[str, bool]],
    workers: int,
) -> list[FileResult | None]:
    """Raises CannotTest where a process was ended from outside, Interrupted. For the main thread
    only."""
    cancellation = Cancellation()
    with (
        stopping(cancellation),
        held(),
        ProcessPoolExecutor(workers, initializer=_as_worker) as executor,
    ):
        try:
            with cancellation.calling(_end_workers):
                with _held_back(STOPPING):
                    results = executor.map(one, found, chunksize=_CHUNK)
                return list(results)
        except BrokenProcessPool as error:
            cancellation.check()
            raise CannotTest(
                "a process that read some of the files was ended", advice="is there memory enough?"
            ) from error


@contextmanager
def _held_back(numbers: Iterable[signal.Signals]) -> Iterator[None]:
    """Signals wait until the block has ended, so that no process is started half."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _as_worker() -> None:
    """A terminal's Ctrl-C is the command's to answer; how it ends its workers must end them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def _end_workers() -> None:
    """What they are at is of no use any more; they hold nothing."""
    for worker in multiprocessing.active_children():
        worker.kill()


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
