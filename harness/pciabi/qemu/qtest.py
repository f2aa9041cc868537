"""QEMU's qtest protocol: port and memory accesses of a machine that runs no guest.

Commands and answers are lines, one answer for each command, in order. Source: QEMU,
docs/devel/testing/qtest.rst and system/qtest.c.
"""

from __future__ import annotations

import base64
import select
import socket
from collections.abc import Sequence
from math import inf

from pciabi.deadline import Deadline
from pciabi.errors import QemuError

_CHUNK = 1 << 16
# The longest answer to expect is a block of 256 KB in base 64.
_LONGEST_LINE = 1 << 19


class Qtest:
    """A connected qtest socket; no answer may take longer than `patience` seconds."""

    def __init__(
        self, connection: socket.socket, deadline: Deadline, patience: float = inf
    ) -> None:
        connection.settimeout(0)
        self._connection = connection
        self._deadline = deadline
        self._patience = patience
        self._unread = b""

    def run(self, commands: Sequence[str]) -> list[str]:
        """Send all commands and return what QEMU answers to each, without the leading OK.

        Nothing waits for one answer before the next command is sent. Raises QemuError where
        QEMU refuses a command, ends, does not answer in time or answers something else.
        """
        unsent = memoryview("".join(f"{command}\n" for command in commands).encode())
        answers: list[bytes] = []
        while len(answers) < len(commands):
            unsent = unsent[self._exchange(unsent) :]
            *lines, self._unread = self._unread.split(b"\n")
            answers += lines
            if len(self._unread) > _LONGEST_LINE:
                raise QemuError("QEMU's qtest answer is a line without an end")
        if len(answers) > len(commands) or self._unread:
            raise QemuError("QEMU's qtest answers are more than it was asked for")
        return [_good(line, command) for line, command in zip(answers, commands, strict=True)]

    def _exchange(self, unsent: memoryview) -> int:
        """Wait until something can be read or sent, do it, and return how much was sent.

        QEMU writes its answers before it reads on: who only sends and does not read meanwhile
        would wait for QEMU, and QEMU for him.
        """
        writers = [self._connection] if unsent else []
        ready, writable, _ = select.select(
            [self._connection], writers, [], min(self._deadline.remaining, self._patience)
        )
        # One that says a little again and again takes no longer than one that says nothing.
        if self._deadline.passed or not (ready or writable):
            raise QemuError("QEMU did not answer qtest in time")
        try:
            if ready:
                arrived = self._connection.recv(_CHUNK)
                if not arrived:
                    raise QemuError("qtest was lost: QEMU ended the connection")
                self._unread += arrived
            return self._connection.send(unsent[:_CHUNK]) if writable else 0
        except OSError as error:
            raise QemuError("qtest was lost: QEMU ended the connection") from error


def number(answer: str) -> int:
    """The number an answer holds. Raises QemuError."""
    try:
        return int(answer, 16)
    except ValueError as error:
        raise QemuError(f"QEMU's qtest answer is no number: {answer[:40]!r}") from error


def data(answer: str, length: int) -> bytes:
    """The bytes an answer holds. Raises QemuError where they are not as many as asked for."""
    try:
        found = bytes.fromhex(answer.removeprefix("0x"))
    except ValueError as error:
        raise QemuError(f"QEMU's qtest answer is no data: {answer[:40]!r}") from error
    if len(found) != length:
        raise QemuError(f"QEMU's qtest answer holds {len(found)} bytes, not {length}")
    return found


def base64_data(answer: str, length: int) -> bytes:
    """The bytes an answer to `b64read` holds. Raises QemuError as `data`."""
    try:
        found = base64.b64decode(answer, validate=True)
    except ValueError as error:
        raise QemuError(f"QEMU's qtest answer is no data: {answer[:40]!r}") from error
    if len(found) != length:
        raise QemuError(f"QEMU's qtest answer holds {len(found)} bytes, not {length}")
    return found


def _good(line: bytes, command: str) -> str:
    # Thousands a machine, and nearly all of them nothing but this.
    if line == b"OK":
        return ""
    text = line.decode("ascii", errors="replace").rstrip("\r")
    word, _, rest = text.partition(" ")
    if word != "OK":
        raise QemuError(f"QEMU answers qtest {command.split(' ')[0]} with {text[:60]!r}")
    return rest
