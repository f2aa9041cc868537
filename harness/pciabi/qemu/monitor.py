"""A QEMU's monitor: what may be asked of it, and how a conversation with it is begun.

QEMU's client library, with asyncio, takes as long to import as a QEMU takes to start. So it is
imported when the conversation begins, while QEMU starts.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from math import inf

from pciabi.deadline import Deadline
from pciabi.errors import QemuError
from pciabi.qemu.answers import NO_QMP, TEXT, shaped

TOO_MUCH = "QEMU says too much on its monitor: "
"""Begins the message about a program that would fill the memory."""
FOREIGN = (NO_QMP, TOO_MUCH)
"""How messages begin that are about what QEMU says, whatever becomes of it afterwards."""


class Monitor(ABC):
    """Who answers QMP commands. Answers are plain JSON values, to be held against a shape."""

    @abstractmethod
    def execute_all(self, *commands: tuple[str, Mapping[str, object]]) -> list[object]:
        """The return values of commands that QEMU is given without waiting in between.

        Raises QemuError as `execute`.
        """

    def execute(self, command: str, arguments: Mapping[str, object] | None = None) -> object:
        """The command's return value. Raises QemuError on refusal, loss or time-out."""
        (answer,) = self.execute_all((command, arguments or {}))
        return answer

    def get(self, path: str, name: str) -> object:
        """A QOM property (`qom-get`)."""
        return self.execute("qom-get", {"path": path, "property": name})

    def text(self, path: str, name: str) -> str:
        """A QOM property that is a text."""
        return shaped(self.get(path, name), TEXT, f"qom-get {path} {name}")

    def hmp(self, line: str) -> str:
        """The text a human monitor command prints."""
        answer = self.execute("human-monitor-command", {"command-line": line})
        return shaped(answer, TEXT, line)


class Refused(QemuError):
    """QEMU has answered a command with an error."""


class Lost(QemuError):
    """QEMU has ended the connection: most likely it has ended itself."""


class Silent(QemuError):
    """QEMU did not greet. If it has ended since, it did so because it was left alone."""


def session(
    connection: socket.socket, deadline: Deadline, patience: float = inf
) -> AbstractContextManager[Monitor]:
    """A QMP session over a connected socket; no answer may take longer than `patience` seconds.

    Raises QemuError when QEMU is not there (Lost), says nothing (Silent), or speaks no QMP.
    """
    from pciabi.qemu import qmp_session

    return qmp_session.session(connection, deadline, patience)
