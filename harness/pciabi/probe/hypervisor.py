"""Who starts a machine, as the probes see it: neither the cold nor the boot probe knows whose
child a QEMU is, or how its ports are reached.

An error that leaves `start` has the machine's command line as evidence, whoever raised it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from signal import Signals
from typing import Protocol

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.descriptor import Descriptor
from pciabi.errors import Evidence, PciabiError
from pciabi.qemu.binary import Binary
from pciabi.qemu.monitor import Monitor
from pciabi.qemu.qtest import Qtest


class Port(StrEnum):
    """What leads into a machine: QEMU's monitor, its qtest server, two serial ports."""

    MONITOR = "monitor"
    QTEST = "qtest"
    CONSOLE = "console"
    EVENTS = "events"


# Whose guest never runs: to learn whether it starts at all, or to be read.
STOPPED = (Port.MONITOR,)
PAUSED = (Port.MONITOR, Port.QTEST)
# Whose guest runs, prints on its first serial port and reports on its second.
BOOTED = (Port.MONITOR, Port.CONSOLE, Port.EVENTS)


@dataclass(frozen=True)
class Machine:
    """A machine to start: a QEMU, and the arguments that state its hardware, firmware and what it
    boots (`medium`), free of monitor, ports, display and accelerator.

    `ports` is one of STOPPED, PAUSED and BOOTED. `environment` are QEMU's variables, None for
    those of this process.
    """

    binary: Binary
    hardware: tuple[str, ...]
    ports: tuple[Port, ...]
    accelerator: str = "tcg"
    medium: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None


class Process(Descriptor, Protocol):
    """The QEMU of a machine: what it complains of, and how it ends. Its descriptor becomes
    readable when it has ended."""

    @property
    def exit_status(self) -> int | None:
        """The exit status, negative for a signal, None while it runs."""

    @property
    def excess(self) -> str | None:
        """What it was ended for saying too much of, None where it did not."""

    @property
    def stop_signal(self) -> Signals | None:
        """The signal that suspended it, None while it runs or when it has ended."""

    def ended_within(self, seconds: float) -> int | None:
        """The exit status of a QEMU that is about to end; None if it still runs then."""

    def complaints(self) -> str:
        """What it has complained of so far."""


class Running(Protocol):
    """A machine that was started. A port it was not asked for is not there."""

    @property
    def command_line(self) -> tuple[str, ...]:
        """QEMU's, as it was started."""

    @property
    def process(self) -> Process:
        """Its QEMU."""

    @property
    def console(self) -> Descriptor:
        """The first serial port."""

    @property
    def events(self) -> Descriptor:
        """The second serial port."""

    def monitor(self, deadline: Deadline, patience: float = inf) -> AbstractContextManager[Monitor]:
        """A QMP session for the time of the block, as `qemu.monitor.session` gives one."""

    def qtest(self, deadline: Deadline, patience: float = inf) -> Qtest:
        """Port and memory accesses."""


class Hypervisor(Protocol):
    """Starts machines."""

    def start(
        self, machine: Machine, cancellation: Cancellation
    ) -> AbstractContextManager[Running]:
        """The machine for the time of the block; nothing of it is left at the end, however it
        ends. A request to stop ends it. Raises QemuError where it cannot be started."""


@contextmanager
def evidence(command_line: tuple[str, ...]) -> Iterator[None]:
    """An error that has no evidence yet leaves the block with this command line."""
    try:
        yield
    except PciabiError as error:
        if error.evidence is None:
            error.evidence = Evidence(command_line, "")
        raise
