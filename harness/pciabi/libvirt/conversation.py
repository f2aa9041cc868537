"""A virsh that is given one command after another.

It reads them from a pipe, and repeats each behind its prompt. What ends an answer is a line of our
own that nothing else can contain, on each of its outputs: on standard output virsh is told to print
one, and for standard error it complains of a command that there is not.
"""

from __future__ import annotations

import re
import secrets
import select
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from pciabi import programs
from pciabi.deadline import Deadline
from pciabi.errors import LibvirtError
from pciabi.libvirt import place, sandbox
from pciabi.libvirt.installation import Libvirt
from pciabi.program_pipes import Tap
from pciabi.programs import Bounds, Program, Streams
from pciabi.signals import STOP, held, released

BOUNDS = Bounds(seconds=60, bytes=16_000_000)
"""How long a virsh may take for an answer, and how long that may be."""
_EMBEDDED = f"qemu:///embed?root={place.ROOT}"
_NO_SANDBOX = "libvirt is run in namespaces of its own, and there are none to be had"
_ALLOW = "allow user namespaces"
_PROMPT = "virsh # "
_ERROR = "error: "
# What a shell adds to the number of the signal that has ended a program.
_SHELL_SIGNALS = 128
# A line of libvirt's log, which has a time in front.
_LOG = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+\d{4}: .*\n?", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """What virsh printed for a command, what it complained of, empty where all was well, and what
    libvirt put down in its log."""

    text: str
    complaint: str
    log: str


class Conversation:
    """A running virsh. One command at a time, from whatever thread."""

    def __init__(
        self, name: str, program: Program, mouth: FileIO, taps: tuple[Tap, Tap], bounds: Bounds
    ) -> None:
        self.program = program
        self._name = name
        self._mouth = mouth
        self._output, self._errors = taps
        self._bounds = bounds
        self._lock = threading.Lock()

    def ask(self, command: str) -> Answer:
        """The answer to a command, a line without anything but what it says itself.

        Raises LibvirtError where virsh ends, does not answer in time or says too much; Interrupted.
        """
        with self._lock:
            mark = secrets.token_hex(16)
            self._say(f"{command}\nno-{mark}\necho {mark}-\n")
            # No answer has a line like these: virsh prints the first for `echo` alone.
            ends = (f"\n{mark}-".encode(), f"'no-{mark}'\n".encode())
            output, errors = self._answers(ends)
        # The last line has begun, and ends in the mark.
        said = errors.decode(errors="replace").rpartition(_ERROR)[0]
        return Answer(_printed(output, mark), _complained(said), "".join(_LOG.findall(said)))

    def _say(self, words: str) -> None:
        try:
            # Far less than a pipe holds, and it is empty: virsh has answered what was asked before.
            self._mouth.write(words.encode())
        except OSError:
            raise self._ended() from None

    def _answers(self, ends: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        deadline = Deadline.after(self._bounds.seconds)
        taps = (self._output, self._errors)
        found = []
        for tap, end in zip(taps, ends, strict=True):
            while (at := tap.data.find(end)) < 0:
                self._await_more(taps, deadline)
            found.append(bytes(tap.data[:at]))
            del tap.data[: at + len(end)]
        return found[0], found[1]

    def _await_more(self, taps: Sequence[Tap], deadline: Deadline) -> None:
        poll = select.poll()
        poll.register(self.program.pidfd, select.POLLIN)
        for tap in taps:
            if tap.open:
                poll.register(tap.descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(deadline.remaining * 1000)}
        arrived = 0
        for tap in taps:
            before = len(tap.data)
            tap.take()
            arrived += len(tap.data) - before
            if tap.full:
                raise self._fault(f"says more than {tap.most:,} bytes")
        if self.program.pidfd in ready and not arrived:
            raise self._ended()
        if deadline.passed:
            raise self._fault(f"did not answer in {deadline.granted:g} s")

    def _ended(self) -> LibvirtError:
        """What to say of a virsh that has ended in the middle of it."""
        self.program.ended_within(1)
        # It may have been us, who were told to stop.
        STOP.check()
        status = self.program.exit_status
        self._errors.take()
        said = self._errors.data.decode(errors="replace")
        words = programs.last_words(_LOG.sub("", said)).removeprefix(_ERROR)
        return self._fault(f"has ended{_how(status)}" + (f": {words}" if words else ""))

    def _fault(self, what: str) -> LibvirtError:
        self.program.kill()
        return LibvirtError(f"virsh of {self._name} {what}")


@contextmanager
def in_sandbox(libvirt: Libvirt, folder: Path, emulator: Path) -> Iterator[Conversation]:
    """The virsh of a libvirt for the time of the block, with its embedded driver, in a sandbox
    whose folder is prepared.

    Raises LibvirtError where it cannot be started, or there can be no sandbox; Interrupted.
    """
    command = (*sandbox.virsh(libvirt, folder, emulator), "-q", "-c", _EMBEDDED)
    with started(libvirt.name, command, BOUNDS) as virsh:
        try:
            answer = virsh.ask("uri")
        except LibvirtError:
            complaint = sandbox.complaint(folder, emulator)
            if complaint:
                raise LibvirtError(f"{_NO_SANDBOX}: {complaint}", advice=_ALLOW) from None
            raise
        if answer.complaint:
            raise LibvirtError(
                f"the embedded driver of {libvirt.name}: {programs.last_words(answer.complaint)}"
            )
        yield virsh


@contextmanager
def started(name: str, command: Sequence[str], bounds: Bounds) -> Iterator[Conversation]:
    """A virsh for the time of the block, that `command` starts; `name` is what a user calls it.

    Raises LibvirtError where it cannot be started, Interrupted.
    """
    with ExitStack() as stack:
        stack.enter_context(held())
        try:
            (theirs_in, ours_in), (ours_out, theirs_out), (ours_err, theirs_err) = (
                programs.pipe(stack) for _ in range(3)
            )
            streams = Streams(theirs_in.fileno(), theirs_out.fileno(), theirs_err.fileno())
            program = stack.enter_context(programs.started(command, streams))
        except programs.Fault as fault:
            raise LibvirtError(f"virsh of {name} {fault}") from fault
        for end in (theirs_in, theirs_out, theirs_err):
            end.close()
        taps = (Tap(ours_out.fileno(), bounds.bytes), Tap(ours_err.fileno(), bounds.bytes))
        with released():
            yield Conversation(name, program, ours_in, taps, bounds)


def _how(status: int | None) -> str:
    """How a program has ended, by its own status or a shell's word of it."""
    if status is None:
        return ""
    number = -status if status < 0 else status - _SHELL_SIGNALS
    return f" with signal {number}" if number > 0 else f" with status {status}"


def _printed(output: bytes, mark: str) -> str:
    """What a command printed: what stands between its own echo and that of the next one."""
    _, _, behind = output.decode(errors="replace").partition(_PROMPT)
    _, _, text = behind.partition("\n")
    return text.partition(f"{_PROMPT}no-{mark}")[0].strip("\n")


def _complained(said: str) -> str:
    """The complaints without virsh's first word of them, and without the log."""
    lines = (line.removeprefix(_ERROR) for line in _LOG.sub("", said).splitlines())
    return "\n".join(lines).strip()
