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
from pathlib import Path

from pciabi.cancellation import Cancellation
from pciabi.errors import CannotTest, InputError
from pciabi.lint import files
from pciabi.lint.engine import FileResult, Settings, lint
from pciabi.signals import STOPPING, held, stopping
from pciabi.vm import config_files, formats

# Below this many, starting processes takes longer than it saves.
_FEW = 64
_CHUNK = 8


def run(
    found: Sequence[tuple[str, bool]], settings: Settings, standard_input: bytes
) -> tuple[FileResult, ...]:
    """The result of every file that looks like a VM's configuration, in the order of `found`.

    A file of a searched folder that is something else is left out; one that was named itself
    and has no VM in it is an error.
    """
    one = partial(_one, settings=settings, standard_input=standard_input)
    workers = len(os.sched_getaffinity(0))
    if len(found) < _FEW or workers == 1:
        results = [one(item) for item in found]
    else:
        results = _side_by_side(one, found, workers)
    return tuple(result for result in results if result is not None)


def without_vm(paths: Sequence[str], results: Sequence[FileResult]) -> tuple[FileResult, ...]:
    """An error for every folder in which nothing was found: nobody looked at anything there."""
    told = [Path(result.file) for result in results if result.is_told]
    return tuple(
        FileResult(folder, None, 0, (), _nothing_in(folder))
        for folder in dict.fromkeys(paths)
        if folder != files.STDIN
        and Path(folder).is_dir()
        and not any(file.is_relative_to(folder) for file in told)
    )


def _nothing_in(folder: str) -> InputError:
    return InputError(
        f"there is no VM's configuration in the folder {folder}, so nothing was linted",
        advice=f"files that end in {' '.join(config_files.endings())} are searched, but for what "
        ".gitignore and --exclude leave out; a file that is named is always read",
    )


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
    """A terminal's Ctrl-C, or its end, is the command's to answer; how it ends its workers must
    end them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
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
    if result.is_told or (not named and result.format is not None):
        return result
    if not named:
        return None
    return FileResult(result.file, result.format, 0, (), _no_vm(result))


def _no_vm(result: FileResult) -> InputError:
    if result.format is None:
        return InputError(
            f"{result.file} is no VM's configuration",
            advice="--type names the format of a file that does not look like one",
        )
    title = formats.named(result.format).title
    return InputError(
        f"{result.file} holds no VM that can be read, though it looks like a {title}",
        advice="a script must name QEMU's program or a variable called so, and then its options"
        if result.format == "qemu"
        else "--type names another format",
    )
