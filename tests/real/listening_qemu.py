"""Another hypervisor than ours: a shell becomes QEMU, in a session of its own, which calls back on
unix sockets that have names in a folder."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from signal import SIGKILL, Signals, pidfd_send_signal
from typing import ClassVar

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.probe.hypervisor import Machine, Port, Running, evidence
from pciabi.probe.own_qemu import command_line_of
from pciabi.qemu import monitor
from pciabi.qemu.monitor import Monitor
from pciabi.qemu.qtest import Qtest

SHELL = ("/bin/sh", "-c", 'exec "$@"', "sh")


@dataclass(frozen=True)
class Shell:
    """The shell that has become QEMU."""

    popen: subprocess.Popen[bytes]
    pidfd: int
    errors: Path
    excess: ClassVar[None] = None
    stop_signal: ClassVar[Signals | None] = None

    def fileno(self) -> int:
        return self.pidfd

    @property
    def exit_status(self) -> int | None:
        return self.popen.poll()

    def ended_within(self, seconds: float) -> int | None:
        ready, _, _ = select.select([self.pidfd], [], [], seconds)
        return self.popen.wait() if ready else None

    def complaints(self) -> str:
        return self.errors.read_text().strip()


@dataclass(frozen=True)
class Called:
    """A machine that has called back."""

    command_line: tuple[str, ...]
    process: Shell
    ends: Mapping[Port, socket.socket]

    @property
    def console(self) -> socket.socket:
        return self.ends[Port.CONSOLE]

    @property
    def events(self) -> socket.socket:
        return self.ends[Port.EVENTS]

    def monitor(self, deadline: Deadline, patience: float = inf) -> AbstractContextManager[Monitor]:
        return monitor.session(self.ends[Port.MONITOR], deadline, patience)

    def qtest(self, deadline: Deadline, patience: float = inf) -> Qtest:
        return Qtest(self.ends[Port.QTEST], deadline, patience)


class ListeningQemu:
    """A hypervisor that counts the machines it has started."""

    def __init__(self) -> None:
        self.started = 0

    @contextmanager
    def start(self, machine: Machine, cancellation: Cancellation) -> Iterator[Running]:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            listeners = {port: _listener(folder / port, stack) for port in machine.ports}
            arguments = command_line_of(machine, {p: f"path={folder / p}" for p in listeners})
            stack.enter_context(evidence(arguments))
            shell = _started(arguments, machine.environment, folder / "errors", stack)
            stack.enter_context(cancellation.calling(lambda: _kill(shell)))
            ends = {port: _called(one, shell, stack) for port, one in listeners.items()}
            self.started += 1
            yield Called(arguments, shell, ends)


def _listener(path: Path, stack: ExitStack) -> socket.socket:
    listener = stack.enter_context(socket.socket(socket.AF_UNIX))
    listener.bind(str(path))
    listener.listen(1)
    return listener


def _started(
    arguments: tuple[str, ...],
    environment: Mapping[str, str] | None,
    errors: Path,
    stack: ExitStack,
) -> Shell:
    with errors.open("wb") as file:
        popen = subprocess.Popen(
            [*SHELL, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=file,
            env=environment,
            start_new_session=True,
        )
    pidfd = os.pidfd_open(popen.pid)
    stack.callback(os.close, pidfd)
    shell = Shell(popen, pidfd, errors)
    stack.callback(popen.wait)
    stack.callback(_kill, shell)
    return shell


def _kill(shell: Shell) -> None:
    if shell.exit_status is None:
        pidfd_send_signal(shell.pidfd, SIGKILL)


def _called(listener: socket.socket, shell: Shell, stack: ExitStack) -> socket.socket:
    """The connection QEMU makes; one that is closed already where it ends instead."""
    ready, _, _ = select.select([listener.fileno(), shell.pidfd], [], [])
    if listener.fileno() in ready:
        return stack.enter_context(listener.accept()[0])
    ours, theirs = socket.socketpair()
    theirs.close()
    return stack.enter_context(ours)
