"""Other programs, whatever they do. The only place that starts one.

What a program says is bounded in bytes, and how long it may take in seconds. With it ends all
that it has started, in whatever process group or session; and with us, or when we are told to
stop, ends the program.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from pciabi import descent
from pciabi.deadline import Deadline
from pciabi.descent import Family
from pciabi.program_pipes import Lines, Mouth, Tap
from pciabi.signals import STOP, held

# PR_SET_PDEATHSIG fires when the thread that forked ends, not the process: every program is
# forked by this one thread, which lives as long as the interpreter.
_LAUNCHER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pciabi-launcher")
_ENDING_SECONDS = 5.0
_LONGEST_WORDS = 300


class Fault(Exception):
    """A program that did not do what it was started for. The message goes on where a sentence
    has named the program: `did not end in 30 s`."""


class Missing(Fault):
    """There is no such program."""


@dataclass(frozen=True)
class Bounds:
    """How long a program may run, and how much it may write to each of its outputs."""

    seconds: float
    bytes: int = 1_000_000


@dataclass(frozen=True)
class Said:
    """What a program that has ended wrote; `status` is negative for a signal."""

    status: int
    output: bytes
    errors: bytes

    @property
    def text(self) -> str:
        """Its standard output."""
        return self.output.decode(errors="replace")

    @property
    def complaint(self) -> str:
        """Its standard error."""
        return self.errors.decode(errors="replace")


def last_words(*texts: str) -> str:
    """The last line of the first text that says anything, as one may quote it."""
    return next((lines[-1] for text in texts if (lines := _lines(text))), "")


def first_words(*texts: str) -> str:
    """The first line of the first text that says anything, as one may quote it."""
    return next((lines[0] for text in texts if (lines := _lines(text))), "")


def _lines(text: str) -> list[str]:
    return [line.strip()[:_LONGEST_WORDS] for line in text.strip().splitlines() if line.strip()]


def run(
    arguments: Sequence[str | Path],
    bounds: Bounds,
    given: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> Said:
    """What a program says, given something to read. Its environment is ours unless another is
    named.

    Raises Fault where it cannot be started or passes a bound, Interrupted.
    """
    with ExitStack() as stack:
        stack.enter_context(held())
        (theirs_in, ours_in), (ours_out, theirs_out), (ours_err, theirs_err) = (
            pipe(stack) for _ in range(3)
        )
        theirs = (theirs_in, theirs_out, theirs_err)
        streams = Streams(theirs_in.fileno(), theirs_out.fileno(), theirs_err.fileno())
        program = stack.enter_context(started(arguments, streams, environment))
        for end in theirs:
            end.close()
        taps = (Tap(ours_out.fileno(), bounds.bytes), Tap(ours_err.fileno(), bounds.bytes))
        status = _converse(program, taps, Mouth(ours_in, given), Deadline.after(bounds.seconds))
        return Said(status, *(bytes(tap.data) for tap in taps))


def follow(
    command: Callable[[int], Sequence[str | Path]],
    bounds: Bounds,
    folder: Path,
    environment: Mapping[str, str],
    status: Callable[[str], None],
) -> Said:
    """As `run`, in a folder; the lines that the program writes to its status descriptor are
    handed on as they come. `command` makes its words of that descriptor's number."""
    with ExitStack() as stack:
        stack.enter_context(held())
        (ours_out, theirs_out), (ours_err, theirs_err) = (pipe(stack) for _ in range(2))
        words = command(theirs_out.fileno())
        nothing = subprocess.DEVNULL
        streams = Streams(nothing, nothing, theirs_err.fileno(), (theirs_out.fileno(),))
        program = stack.enter_context(started(words, streams, environment, folder))
        theirs_out.close()
        theirs_err.close()
        errors = Tap(ours_err.fileno(), bounds.bytes)
        lines = Lines(ours_out.fileno(), bounds.bytes, status)
        ended = _converse(program, (lines, errors), None, Deadline.after(bounds.seconds))
        return Said(ended, b"", bytes(errors.data))


def pipe(stack: ExitStack) -> tuple[FileIO, FileIO]:
    """A pipe, to read from and to write to, until the stack is unwound. Raises Fault."""
    try:
        reading, writing = os.pipe()
    except OSError as error:
        raise Fault(f"could not be started: {error.strerror}") from error
    ends = FileIO(reading, "r"), FileIO(writing, "w")
    for end in ends:
        stack.callback(end.close)
    return ends


@dataclass(frozen=True)
class Streams:
    """A program's standard streams, and the further descriptors it is given."""

    input: int
    output: int
    errors: int
    passed: tuple[int, ...] = ()


def _converse(
    program: Program, taps: Sequence[Tap], mouth: Mouth | None, deadline: Deadline
) -> int:
    """Give and take until the program has ended; its exit status."""
    poll = select.poll()
    poll.register(program.pidfd, select.POLLIN)
    for tap in taps:
        poll.register(tap.descriptor, select.POLLIN)
    if mouth is not None:
        os.set_blocking(mouth.pipe.fileno(), False)
        poll.register(mouth.pipe, select.POLLOUT)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll(deadline.remaining * 1000)}
        for tap in taps:
            _take(tap, ready, poll)
        if mouth is not None and mouth.pipe.fileno() in ready and not mouth.say():
            poll.unregister(mouth.pipe)
            mouth.pipe.close()
            mouth = None
        if program.pidfd in ready:
            # What it wrote is there; what it has left behind may hold the pipe for ever.
            for tap in taps:
                _take(tap, {tap.descriptor} if tap.open else set(), poll)
            return program.popen.wait()
        if deadline.passed:
            raise Fault(f"did not end in {deadline.granted:g} s")


def _take(tap: Tap, ready: set[int], poll: select.poll) -> None:
    if tap.descriptor in ready:
        tap.take()
        if tap.full:
            raise Fault(f"says more than {tap.most:,} bytes")
        if not tap.open:
            poll.unregister(tap.descriptor)


@dataclass(frozen=True)
class Program:
    """A running program. `pidfd` becomes readable when it ends."""

    popen: subprocess.Popen[bytes]
    pidfd: int
    family: Family

    @property
    def exit_status(self) -> int | None:
        """The exit status, negative for a signal, None while it runs."""
        return self.popen.poll()

    def ended_within(self, seconds: float) -> int | None:
        """The exit status of a program that is about to end; None if it still runs then."""
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return self.popen.wait() if poll.poll(seconds * 1000) else None

    def kill(self) -> None:
        """End it and what it has started; harmless when it has ended."""
        # A process group of that number is another's once the leader has been waited for.
        if self.popen.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.popen.pid, signal.SIGKILL)
            with suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        self.family.kill()

    def end(self) -> None:
        """End it, and have nothing left of what it has started."""
        self.kill()
        self.ended_within(_ENDING_SECONDS)
        self.family.end_orphans()


@contextmanager
def started(
    arguments: Sequence[str | Path],
    streams: Streams,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[Program]:
    """A program for the time of the block; nothing is left of it at the end, however it ends.

    Raises Fault where it cannot be started, Interrupted.
    """
    with held():
        program = _launched(arguments, streams, environment, folder)
        try:
            with STOP.calling(program.kill):
                yield program
        finally:
            program.end()
            os.close(program.pidfd)
        STOP.check()


def _launched(
    arguments: Sequence[str | Path],
    streams: Streams,
    environment: Mapping[str, str] | None,
    folder: Path | None,
) -> Program:
    variables = dict(os.environ if environment is None else environment)
    name = str(arguments[0])
    found = shutil.which(name, path=variables.get("PATH"))
    if found is None:
        raise Missing(f"could not be started: No such file or directory: {name}")
    descent.adopt_orphans()
    try:
        mark = descent.new_mark()
    except ValueError as error:
        raise Fault(f"could not be started: {error}") from error
    tied = (_tool("setpriv", variables), "--pdeathsig", "KILL", "--")
    marked = (_tool("prlimit", variables), *descent.limits(mark), "--")
    words = [*tied, *marked, found, *map(str, arguments[1:])]
    try:
        return _LAUNCHER.submit(_launch, words, streams, variables, mark, folder).result()
    except OSError as error:
        raise Fault(f"could not be started: {error.strerror}") from error
    except RuntimeError as error:
        raise Fault(f"could not be started: {error}") from error


def _tool(name: str, variables: Mapping[str, str]) -> str:
    """A program that starts another, wherever PATH leads. Raises Fault."""
    found = shutil.which(name, path=f"{variables.get('PATH', '')}:{os.defpath}")
    if found is None:
        raise Fault(f"could not be started: {name} is missing (package util-linux)")
    return found


def _launch(
    words: Sequence[str],
    streams: Streams,
    variables: Mapping[str, str],
    mark: int,
    folder: Path | None,
) -> Program:
    popen = subprocess.Popen(
        words,
        stdin=streams.input,
        stdout=streams.output,
        stderr=streams.errors,
        pass_fds=streams.passed,
        env=variables,
        cwd=folder,
        # Out of the terminal's process group: Ctrl-C is ours to handle, in order.
        process_group=0,
    )
    try:
        family = Family(popen.pid, mark)
        return Program(popen, os.pidfd_open(popen.pid), family)
    except OSError:
        popen.kill()
        popen.wait()
        raise
