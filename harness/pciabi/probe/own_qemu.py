"""QEMU started by this process: its child, on sockets that it inherits."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from math import inf

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.probe.hypervisor import Machine, Port, Running, evidence
from pciabi.qemu import command_line, monitor, process
from pciabi.qemu.monitor import Monitor
from pciabi.qemu.process import Process
from pciabi.qemu.qtest import Qtest


@dataclass(frozen=True)
class Child:
    """A QEMU that is our child, and our ends of its ports."""

    command_line: tuple[str, ...]
    process: Process
    ends: Mapping[Port, socket.socket]

    @property
    def console(self) -> socket.socket:
        """Our end of the first serial port."""
        return self.ends[Port.CONSOLE]

    @property
    def events(self) -> socket.socket:
        """Our end of the second serial port."""
        return self.ends[Port.EVENTS]

    def monitor(self, deadline: Deadline, patience: float = inf) -> AbstractContextManager[Monitor]:
        """See Running."""
        return monitor.session(self.ends[Port.MONITOR], deadline, patience)

    def qtest(self, deadline: Deadline, patience: float = inf) -> Qtest:
        """See Running."""
        return Qtest(self.ends[Port.QTEST], deadline, patience)


class OwnQemu:
    """The hypervisor of a QEMU command line."""

    @contextmanager
    def start(self, machine: Machine, cancellation: Cancellation) -> Iterator[Running]:
        """See Hypervisor."""
        with ExitStack() as ends:
            ours: dict[Port, socket.socket] = {}
            theirs: dict[Port, socket.socket] = {}
            for port in machine.ports:
                for end, kept in zip(socket.socketpair(), (ours, theirs), strict=True):
                    ends.callback(end.close)
                    kept[port] = end
            inherited = {port: end.fileno() for port, end in theirs.items()}
            addresses = {port: f"fd={number}" for port, number in inherited.items()}
            arguments = command_line_of(machine, addresses)
            descriptors = tuple(inherited.values())
            with (
                evidence(arguments),
                process.running(arguments, descriptors, cancellation, machine.environment) as qemu,
            ):
                for end in theirs.values():
                    end.close()
                yield Child(arguments, qemu, ours)


OWN_QEMU = OwnQemu()


def command_line_of(machine: Machine, addresses: Mapping[Port, str]) -> tuple[str, ...]:
    """QEMU's command line; `addresses` are those of the ports in the words of QEMU's socket
    character devices, such as `fd=7` or `path=/run/vm`. Pure."""
    return (
        *machine.binary.command,
        *machine.hardware,
        *_harness(machine, addresses),
        *machine.medium,
    )


def _harness(machine: Machine, addresses: Mapping[Port, str]) -> tuple[str, ...]:
    if Port.CONSOLE in addresses:
        wiring = command_line.Wiring(
            addresses[Port.MONITOR], addresses[Port.CONSOLE], addresses[Port.EVENTS]
        )
        return command_line.harness(wiring, machine.accelerator)
    if Port.QTEST in addresses:
        return command_line.paused(addresses[Port.MONITOR], addresses[Port.QTEST])
    return command_line.stopped(addresses[Port.MONITOR])
