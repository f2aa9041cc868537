"""What this machine has to read hardware with, for tasks that need no guest."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Self, TypeVar

from pciabi.cancellation import Cancellation
from pciabi.events import Event, Tell
from pciabi.probe.hypervisor import Hypervisor
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.probe.task import Task
from pciabi.qemu import binary
from pciabi.qemu.binary import Binary

Key = TypeVar("Key")
Value = TypeVar("Value")
R = TypeVar("R")


def unheard(_event: Event) -> None:
    """Takes an event that nobody waits for."""


class Host:
    """QEMUs by the names users give them, who starts machines, and the way to stop it all.

    What was found is kept; threads may share a host.
    """

    def __init__(
        self,
        cancellation: Cancellation,
        tell: Tell = unheard,
        hypervisor: Hypervisor = OWN_QEMU,
    ) -> None:
        self.cancellation = cancellation
        self.tell = tell
        self.hypervisor = hypervisor
        # Who asks for what another thread is just finding waits for it.
        self._finding = RLock()
        self._binaries: dict[str | None, Binary] = {}

    def qemu(self, name: str | None) -> Binary:
        """The QEMU a user means, None for the one on PATH. Raises as `qemu.binary.find`."""
        return self._kept(self._binaries, name, lambda: binary.find(name))

    def read(self, task: Task[Self, R]) -> R:
        """What a task reads, here and now. Raises as Task."""
        return task.carry_out(self)

    def _kept(self, known: dict[Key, Value], key: Key, find: Callable[[], Value]) -> Value:
        with self._finding:
            if key not in known:
                known[key] = find()
            return known[key]
