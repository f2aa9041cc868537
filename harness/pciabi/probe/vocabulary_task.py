"""A QEMU to be asked what it knows, beside those that are started to be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pciabi.deadline import Deadline
from pciabi.probe import first_cause
from pciabi.probe.ending import died
from pciabi.probe.host import Host
from pciabi.probe.hypervisor import STOPPED, Machine
from pciabi.qemu import vocabulary
from pciabi.qemu.monitor import Monitor
from pciabi.qemu.vocabulary import Vocabulary

SECONDS = 60.0


@dataclass(frozen=True)
class VocabularyTask:
    """Machine types and types of the QEMU of that name (None: the one on PATH)."""

    qemu: str | None
    seconds: float = SECONDS

    def carry_out(self, host: Host) -> Vocabulary:
        """See Task."""
        with _asked(self.qemu, self.seconds, host) as monitor:
            return vocabulary.ask(monitor)


@dataclass(frozen=True)
class PropertiesTask:
    """The properties of types that the QEMU of that name is known to have."""

    qemu: str | None
    types: frozenset[str]
    seconds: float = SECONDS

    def carry_out(self, host: Host) -> Mapping[str, frozenset[str]]:
        """See Task."""
        with _asked(self.qemu, self.seconds, host) as monitor:
            return vocabulary.ask_properties(monitor, self.types)


@contextmanager
def _asked(qemu: str | None, seconds: float, host: Host) -> Iterator[Monitor]:
    """A conversation with a QEMU that makes no machine, which is ended with the block."""
    deadline = Deadline.after(seconds)
    machine = Machine(host.qemu(qemu), vocabulary.ARGUMENTS, STOPPED)
    with (
        host.hypervisor.start(machine, host.cancellation) as running,
        first_cause.session(
            running, host.cancellation, deadline, lambda: died(running.process)
        ) as monitor,
    ):
        yield monitor
