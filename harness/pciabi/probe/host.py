"""What this machine has to read hardware with, for tasks that need no guest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from threading import RLock
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeGuard, TypeVar

from pciabi.cancellation import Cancellation
from pciabi.events import Event, Tell
from pciabi.probe.hypervisor import Hypervisor
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.probe.task import Task
from pciabi.probe.type_answers import TypeAnswers
from pciabi.qemu import binary
from pciabi.qemu.binary import Binary

if TYPE_CHECKING:
    from pciabi.libvirt.installation import Libvirt
    from pciabi.libvirt.session import Session

_LIBVIRT = "libvirt:"
Key = TypeVar("Key")
Value = TypeVar("Value")
R = TypeVar("R")


def names_a_libvirt(name: str | None) -> TypeGuard[str]:
    """Whether a SPEC means a libvirt, and its QEMU."""
    return name is not None and name.startswith(_LIBVIRT)


def unheard(_event: Event) -> None:
    """Takes an event that nobody waits for."""


class Host:
    """QEMUs by the names users give them, who starts machines, and the way to stop it all.

    What was found is kept; threads may share a host. Where it is asked for a libvirt, that runs
    until the host is closed, as at the end of a `with` block.
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
        self._answers: dict[Binary, TypeAnswers] = {}
        self._libvirts: dict[str, Libvirt] = {}
        self._sessions: dict[str, Session] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def qemu(self, name: str | None) -> Binary:
        """The QEMU a user means, None for the one on PATH; of a SPEC that names a libvirt the one
        that this runs. Raises as `qemu.binary.find`, and as `libvirt`."""
        if names_a_libvirt(name):
            return self.libvirt(name).qemu
        return self._kept(self._binaries, name, lambda: binary.find(name))

    def answers_of(self, binary: Binary) -> TypeAnswers:
        """What a QEMU has answered of its types, for as long as the host is there."""
        return self._kept(self._answers, binary, TypeAnswers)

    def libvirt(self, name: str) -> Libvirt:
        """The libvirt a user means. Raises as `libvirt.installation.find`."""
        # Not above: most who read hardware ask no libvirt.
        from pciabi.libvirt import installation

        return self._kept(self._libvirts, name, lambda: installation.find(name))

    def session(self, name: str) -> Session:
        """The libvirt a user means, running. Raises as `libvirt`, and as `libvirt.session.opened`
        does."""
        from pciabi.libvirt import session

        def begin() -> Session:
            return self._open.enter_context(session.opened(self.libvirt(name)))

        with self._finding:
            known = self._sessions.get(name)
            if known is not None and known.is_spoilt:
                del self._sessions[name]
            return self._kept(self._sessions, name, begin)

    def read(self, task: Task[Self, R]) -> R:
        """What a task reads, here and now. Raises as Task."""
        return task.carry_out(self)

    def _kept(self, known: dict[Key, Value], key: Key, find: Callable[[], Value]) -> Value:
        with self._finding:
            if key not in known:
                known[key] = find()
            return known[key]
