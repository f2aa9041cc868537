"""A VM on one side, on its way: handed on to be read, or found not to be readable."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, CancelledError, Future
from dataclasses import dataclass
from typing import Any

from pciabi.errors import CannotTest, InputError, PciabiError
from pciabi.jobs.shared_readings import SharedReadings, Timed, error_of
from pciabi.probe.host import Host
from pciabi.result.side import Side
from pciabi.source.request import Request
from pciabi.source.startable import Startable
from pciabi.source.vms import Vm
from pciabi.system_faults import unforeseen


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
        try:
            timed = self.future.result()
        except (BrokenExecutor, CancelledError) as lost:
            what = str(lost) or type(lost).__name__
            return Outcome(CannotTest(f"whoever was to read it has ended: {what}"), 0.0)
        except Exception as lost:  # noqa: BLE001 - such as what cannot be handed over
            return Outcome(unforeseen(lost), 0.0)
        return Outcome(_made_of(timed, self.startable), timed.seconds)


def _made_of(timed: Timed, startable: Startable[Any]) -> Side | PciabiError:
    error = error_of(timed)
    try:
        return startable.blame(error) if error is not None else startable.side(timed.reading)
    except PciabiError as broken:
        return broken
    except Exception as broken:  # noqa: BLE001 - what fails of one VM stops no other
        return unforeseen(broken)


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
        future = readings.submit(startable.task)
    except (InputError, CannotTest) as error:
        return Pending(request, None, None, error)
    except Exception as error:  # noqa: BLE001 - what fails of one VM stops no other
        return Pending(request, None, None, unforeseen(error))
    return Pending(request, startable, future, None)
