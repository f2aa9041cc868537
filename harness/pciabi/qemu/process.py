"""A QEMU process that never outlives us, nor what a wrapper around it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from pciabi import programs
from pciabi.cancellation import Cancellation
from pciabi.errors import QemuError
from pciabi.program_pipes import Tap
from pciabi.programs import Program, Streams
from pciabi.signals import held

# What a QEMU says of itself is a few lines.
_MOST_COMPLAINTS = 1_000_000
_ENDING_SECONDS = 1.0


@dataclass(frozen=True)
class Process:
    """A running QEMU. `pidfd` becomes readable when it ends."""

    program: Program
    stderr: Tap

    @property
    def popen(self) -> subprocess.Popen[bytes]:
        """The process that was started."""
        return self.program.popen

    @property
    def pidfd(self) -> int:
        """A descriptor of the process that was started."""
        return self.program.pidfd

    def fileno(self) -> int:
        """The descriptor to wait on for its end."""
        return self.program.pidfd

    @property
    def exit_status(self) -> int | None:
        """The exit status, negative for a signal, None while it runs."""
        return self.program.exit_status

    @property
    def excess(self) -> str | None:
        """What it was ended for saying too much of, None where it did not."""
        if not self.stderr.full:
            return None
        return f"QEMU writes more than {self.stderr.most:,} bytes to standard error"

    def ended_within(self, seconds: float) -> int | None:
        """The exit status of a QEMU that is about to end; None if it still runs then."""
        return self.program.ended_within(seconds)

    @property
    def stop_signal(self) -> signal.Signals | None:
        """The signal that suspended it (SIGSTOP, say), None while it runs or when it has ended."""
        # WNOWAIT: that it ended stays to be read by `exit_status`.
        options = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        with suppress(ChildProcessError):
            found = os.waitid(os.P_PIDFD, self.pidfd, options)
            if found is not None and found.si_code == os.CLD_STOPPED:
                return signal.Signals(found.si_status)
        return None

    def kill(self) -> None:
        """End it at once; harmless when it has ended."""
        self.program.kill()

    def complaints(self) -> str:
        """What it wrote to standard error so far."""
        self.stderr.take()
        return bytes(self.stderr.data).decode(errors="replace").strip()

    def listen(self) -> None:
        """Take in what it complains of until it ends; one that goes on for ever is ended."""
        while self.stderr.open and not self.stderr.full:
            self.stderr.await_more()
            self.stderr.take()
        if self.stderr.full:
            self.kill()


@contextmanager
def running(
    argv: Sequence[str],
    pass_fds: Sequence[int],
    cancellation: Cancellation,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Process]:
    """QEMU for the time of the block; killed and reaped at its end, however it ends.

    Its environment is ours, if no other is given. Raises QemuError where it cannot be started.
    """
    cancellation.check()
    with ExitStack() as stack:
        process = _launched(argv, pass_fds, environment, stack)
        stack.enter_context(cancellation.calling(process.kill))
        yield process


def _launched(
    argv: Sequence[str],
    pass_fds: Sequence[int],
    environment: Mapping[str, str] | None,
    stack: ExitStack,
) -> Process:
    """A QEMU that is listened to, until the stack is unwound."""
    stack.enter_context(held())
    try:
        ours, theirs = programs.pipe(stack)
        nothing = subprocess.DEVNULL
        streams = Streams(nothing, nothing, theirs.fileno(), tuple(pass_fds))
        program = stack.enter_context(programs.started(argv, streams, environment))
        theirs.close()
        process = Process(program, Tap(ours.fileno(), _MOST_COMPLAINTS))
        listener = threading.Thread(target=process.listen, name="pciabi-complaints", daemon=True)
        listener.start()
    except programs.Fault as error:
        raise QemuError(f"QEMU {error}") from error
    except RuntimeError as error:
        raise QemuError(f"QEMU could not be listened to: {error}") from error
    stack.callback(listener.join, _ENDING_SECONDS)
    stack.callback(program.end)
    return process
