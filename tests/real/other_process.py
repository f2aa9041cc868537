"""A process that carries out tasks: it makes a host of its own, and sends back all as data."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from pciabi import signals
from pciabi.cancellation import Cancellation
from pciabi.errors import Interrupted, PciabiError
from pciabi.events import StageReached
from pciabi.probe.guest_host import GuestHost, guest_host
from pciabi.probe.task import Task
from pciabi.qemu.wish import Wish

SECONDS = 240.0


@dataclass(frozen=True)
class Outcome:
    """What a task read, or the error it has ended with."""

    of: object


@dataclass
class Worker:
    """The process, and what it has told so far."""

    process: BaseProcess
    connection: Connection
    events: list[object] = field(default_factory=list)

    def outcome(self) -> object:
        """What the next task brings back. Raises EOFError where the process has ended."""
        while True:
            received = self.received()
            if isinstance(received, Outcome):
                return received.of

    def await_stage(self, stage: str) -> None:
        """Return once a task has reached a stage."""
        received = None
        while not (isinstance(received, StageReached) and received.stage == stage):
            received = self.received()

    def received(self) -> object:
        """The next thing it sends."""
        assert self.connection.poll(SECONDS), "the process says nothing"
        received: object = self.connection.recv()
        if not isinstance(received, Outcome):
            self.events.append(received)
        return received


@contextmanager
def worker(tasks: Sequence[Task[GuestHost, object]]) -> Iterator[Worker]:
    """A fresh process at work on the tasks, one after the other; it is gone after the block."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, [pickle.dumps(task) for task in tasks]))
    with ours, ExitStack() as stack:
        process.start()
        stack.callback(process.join)
        stack.callback(process.terminate)
        theirs.close()
        yield Worker(process, ours)


def _work(connection: Connection, tasks: Sequence[bytes]) -> None:
    signals.watch()
    cancellation = Cancellation()
    try:
        with (
            signals.stopping(cancellation),
            guest_host(Wish.TCG, cancellation, connection.send) as host,
        ):
            for task in tasks:
                connection.send(_outcome(host, task))
    except Interrupted as stop:
        raise SystemExit(stop.exit_code) from stop


def _outcome(host: GuestHost, pickled: bytes) -> Outcome:
    task: Task[GuestHost, object] = pickle.loads(pickled)
    try:
        return Outcome(host.read(task))
    except PciabiError as error:
        return Outcome(error)
