"""A VM on one side, on its way: handed on to be read, or found not to be readable."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from pciabi.errors import CannotTest, InputError, PciabiError
from pciabi.jobs.shared_readings import SharedReadings, Timed, error_of
from pciabi.probe.host import Host
from pciabi.result.side import Side
from pciabi.source.request import Request
from pciabi.source.startable import Startable
from pciabi.source.vms import Vm


@dataclass(frozen=True)
class Pending:
    """What will have been read of a VM on the QEMU and machine type of `request`; `unready` says
    why nothing was even begun."""

    request: Request
    startable: Startable[Any] | None
    future: Future[Timed] | None
    unready: PciabiError | None

    def outcome(self) -> Outcome:
        """Wait for it. Raises Interrupted."""
        if self.startable is None or self.future is None:
            assert self.unready is not None, "what was not begun has a reason"
            return Outcome(self.unready, 0.0)
        timed = self.future.result()
        error = error_of(timed)
        if error is not None:
            return Outcome(self.startable.blame(error), timed.seconds)
        try:
            side = self.startable.side(timed.reading)
        except CannotTest as broken:
            return Outcome(broken, timed.seconds)
        return Outcome(side, timed.seconds)


@dataclass(frozen=True)
class Outcome:
    """A side, or why there is none; `seconds` is the wall time its reading took."""

    side: Side | PciabiError
    seconds: float

    @property
    def error(self) -> PciabiError | None:
        """Why there is no side."""
        return self.side if isinstance(self.side, PciabiError) else None


@dataclass(frozen=True)
class Recorded:
    """A side that was read before, and needs no machine."""

    side: Side

    def outcome(self) -> Outcome:
        """It, at once."""
        return Outcome(self.side, 0.0)


def begin(vm: Vm, request: Request, host: Host, readings: SharedReadings) -> Pending:
    """Have a VM read on one side."""
    try:
        startable = vm.on(request, host)
    except (InputError, CannotTest) as error:
        return Pending(request, None, None, error)
    return Pending(request, startable, readings.submit(startable.task), None)
