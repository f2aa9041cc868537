"""Who reads for a gate: threads of this process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pciabi.jobs.shared_readings import CarryOut
from pciabi.probe.task import Task


@dataclass(frozen=True)
class Workers:
    """An executor, and what its workers call with a task."""

    executor: Executor
    carry_out: CarryOut


@contextmanager
def threads(host: Any, jobs: int) -> Iterator[Workers]:
    """So many threads that read on one host at once, for the time of the block. Where that ends
    early, nothing is begun any more, and what has begun has ended."""

    def carry_out(task: Task[Any, Any]) -> Any:
        # A stop ends what runs; what waits for its turn must not start a QEMU to be told so.
        host.cancellation.check()
        return host.read(task)

    executor = ThreadPoolExecutor(jobs, thread_name_prefix="pciabi-task")
    try:
        yield Workers(executor, carry_out)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
