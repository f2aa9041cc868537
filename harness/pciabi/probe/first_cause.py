"""Whatever was noticed first of a machine that fails, the request to stop, QEMU's end or what
suspended it is the cause to name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.errors import CannotTest, PciabiError, QemuError
from pciabi.probe import ending
from pciabi.probe.hypervisor import Process, Running
from pciabi.qemu import monitor
from pciabi.qemu.monitor import Monitor

# Of a start of 255 processors QEMU's longest answer takes 5 on a busy machine; on one that was slow
# besides, 288 took more than 10 to greet.
PATIENCE_SECONDS = 20.0
_ENDING_SECONDS = 1.0

Ended = Callable[[], PciabiError]
"""The error for a QEMU that has ended."""


def of_error(
    error: CannotTest, process: Process, cancellation: Cancellation, ended: Ended
) -> PciabiError:
    """What an error comes from; the error itself where QEMU runs on. Raises Interrupted.

    A lost connection means that QEMU is ending, if it has not ended yet.
    """
    cancellation.check()
    if isinstance(error, QemuError):
        lost = isinstance(error, monitor.Lost)
        process.ended_within(PATIENCE_SECONDS if lost else _ENDING_SECONDS)
    if process.exit_status is not None:
        return ended()
    if process.stop_signal is not None:
        return ending.suspended(process.stop_signal)
    return error


@contextmanager
def session(
    running: Running, cancellation: Cancellation, deadline: Deadline, ended: Ended
) -> Iterator[Monitor]:
    """A QMP session with a machine whose guest does not run, no answer of which may take long.

    Raises what `ended` gives where QEMU ends, QemuError for what else is wrong with it,
    Interrupted.
    """
    with (
        _end_explained(running.process, cancellation, ended),
        running.monitor(deadline, PATIENCE_SECONDS) as qmp,
        _faults_explained(running.process, cancellation, ended),
    ):
        yield qmp


@contextmanager
def _end_explained(process: Process, cancellation: Cancellation, ended: Ended) -> Iterator[None]:
    """A connection that is lost is explained by how QEMU ended, one that never spoke by what
    suspended it."""
    try:
        yield
    except monitor.Lost as error:
        raise _explained(error, process, cancellation, ended) from error
    except monitor.Silent as error:
        cancellation.check()
        if process.stop_signal is not None:
            raise ending.suspended(process.stop_signal) from error
        raise
    except CannotTest:
        cancellation.check()
        raise


@contextmanager
def _faults_explained(process: Process, cancellation: Cancellation, ended: Ended) -> Iterator[None]:
    """The death of QEMU, or what ended it, is the reason to name, whatever was noticed first;
    but not a death of being left alone, so this is settled while it is still spoken to."""
    try:
        yield
    except monitor.Lost:
        # Closing the connection may tell why.
        raise
    except QemuError as error:
        raise _explained(error, process, cancellation, ended) from error


def _explained(
    error: QemuError, process: Process, cancellation: Cancellation, ended: Ended
) -> PciabiError:
    cancellation.check()
    if error.message.startswith(monitor.FOREIGN):
        # It may end of being left alone with what it says.
        return error
    return of_error(error, process, cancellation, ended)
