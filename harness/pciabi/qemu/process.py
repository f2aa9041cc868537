"""A QEMU process that never outlives us. The only place that starts a virtual machine."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from pciabi.cancellation import Cancellation
from pciabi.errors import QemuError

# PR_SET_PDEATHSIG fires when the thread that forked ends, not the process: every QEMU is
# forked by this one thread, which lives as long as the interpreter.
_LAUNCHER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pciabi-launcher")


@dataclass(frozen=True)
class Process:
    """A running QEMU. `pidfd` becomes readable when it ends."""

    popen: subprocess.Popen[bytes]
    pidfd: int
    stderr: IO[bytes]

    @property
    def exit_status(self) -> int | None:
        """The exit status, negative for a signal, None while it runs."""
        return self.popen.poll()

    def ended_within(self, seconds: float) -> int | None:
        """The exit status of a QEMU that is about to end; None if it still runs then."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

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
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def complaints(self) -> str:
        """What it wrote to standard error so far."""
        return os.pread(self.stderr.fileno(), 1_000_000, 0).decode(errors="replace").strip()


def _launch(
    argv: Sequence[str], pass_fds: Sequence[int], stderr: IO[bytes], environment: Mapping[str, str]
) -> Process:
    try:
        popen = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            pass_fds=pass_fds,
            env=environment,
            # Out of the terminal's process group: Ctrl-C is ours to handle, in order.
            process_group=0,
        )
    except OSError as error:
        raise QemuError(
            f"QEMU could not be started: {error}", advice="setpriv is in package util-linux"
        ) from error
    return Process(popen, os.pidfd_open(popen.pid), stderr)


@contextmanager
def running(
    argv: Sequence[str],
    pass_fds: Sequence[int],
    cancellation: Cancellation,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Process]:
    """QEMU for the time of the block; killed and reaped at its end, however it ends.

    Its environment is ours, if no other is given.
    """
    cancellation.check()
    with tempfile.TemporaryFile(prefix="pciabi-") as stderr:
        variables = os.environ if environment is None else environment
        process = _LAUNCHER.submit(_launch, argv, pass_fds, stderr, variables).result()
        try:
            with cancellation.calling(process.kill):
                yield process
        finally:
            process.kill()
            process.popen.wait()
            os.close(process.pidfd)
