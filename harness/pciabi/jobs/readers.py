"""Tasks on an executor: threads of this process, or workers anywhere through the same seam."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pciabi.probe.guest_host import GuestHost
from pciabi.probe.task import Task

R = TypeVar("R")


class Reader(Protocol):
    """Whoever carries out tasks, and hands back what they read. A host does it by itself."""

    def read(self, task: Task[GuestHost, R]) -> R:
        """What a task reads, when it has been read. Raises as Task."""


@dataclass(frozen=True)
class ExecutorReader:
    """Hands tasks to the workers of an executor.

    `carry_out` is what a worker calls with a task: the method of a host that its threads share,
    or, where workers are processes, a module's function that knows the host of its process.
    """

    executor: Executor
    carry_out: Callable[[Task[GuestHost, Any]], Any]

    def read(self, task: Task[GuestHost, R]) -> R:
        """See Reader."""
        reading: R = self.executor.submit(self.carry_out, task).result()
        return reading


@contextmanager
def on_this_host(host: GuestHost, guests: int) -> Iterator[Reader]:
    """A reader that carries out so many tasks at once, for the time of the block."""
    with ThreadPoolExecutor(guests, thread_name_prefix="pciabi-task") as executor:
        yield ExecutorReader(executor, host.read)


def side_by_side(calls: Sequence[Callable[[], R]], most: int) -> tuple[R, ...]:
    """What the calls return, in their order, so many under way at once. What the first one to
    fail raises is raised, and calls that have not begun are not made."""
    with ThreadPoolExecutor(most, thread_name_prefix="pciabi-case") as executor:
        futures = [executor.submit(call) for call in calls]
        try:
            return tuple(future.result() for future in futures)
        except BaseException:
            for future in futures:
                future.cancel()
            raise
