"""Readings of many tasks on an executor, equal tasks once."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

from pciabi.errors import PciabiError
from pciabi.probe.task import Task
from pciabi.system_faults import unforeseen

CarryOut = Callable[[Task[Any, Any]], Any]


@dataclass(frozen=True)
class Timed:
    """What a task read, or why it could not, and the wall time in seconds that took."""

    reading: Any
    error: PciabiError | None
    seconds: float


class SharedReadings:
    """Hands tasks to an executor, and gives what each reads to everyone who asked for it.

    `carry_out` is what a worker calls with a task: see `jobs.readers.ExecutorReader`.
    """

    def __init__(self, executor: Executor, carry_out: CarryOut) -> None:
        self._executor = executor
        self._carry_out = carry_out
        self._submitted: list[tuple[Task[Any, Any], Future[Timed]]] = []
        self.shared = 0

    @property
    def made(self) -> int:
        """How many tasks were handed on."""
        return len(self._submitted)

    def submit(self, task: Task[Any, Any]) -> Future[Timed]:
        """What a task will have read; that of an equal one, where one was handed on before."""
        for known, future in self._submitted:
            if known == task:
                self.shared += 1
                return future
        future = self._executor.submit(timed, self._carry_out, task)
        self._submitted.append((task, future))
        return future


def timed(carry_out: CarryOut, task: Task[Any, Any]) -> Timed:
    """What a task reads, and how long that takes. Raises Interrupted."""
    begun = time.monotonic()
    try:
        reading, error = carry_out(task), None
    except PciabiError as raised:
        reading, error = None, raised
    except Exception as raised:  # noqa: BLE001 - whatever it is, it is this task's alone
        reading, error = None, unforeseen(raised)
    return Timed(reading, error, time.monotonic() - begun)


def error_of(timed: Timed) -> PciabiError | None:
    """A copy of the error for one of those who share the reading, to be told in his words."""
    return None if timed.error is None else copy.copy(timed.error)
