"""QMP through QEMU's own client library, from ordinary synchronous code."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from math import inf
from typing import Any

from qemu.qmp import ConnectError, ExecuteError, QMPClient, QMPError
from qemu.qmp.error import ProtocolError

from pciabi.deadline import Deadline
from pciabi.errors import QemuError

# The library logs what it also raises.
logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL)

NO_QMP = "what QEMU says on its monitor is no QMP: "
"""Begins the message about a program that speaks, and not QMP."""


class Monitor:
    """A negotiated QMP session. Answers are plain JSON values."""

    def __init__(
        self, runner: asyncio.Runner, client: QMPClient, deadline: Deadline, patience: float
    ) -> None:
        self._runner = runner
        self._client = client
        self._deadline = deadline
        self._patience = patience

    def execute(self, command: str, arguments: Mapping[str, object] | None = None) -> Any:
        """The command's return value. Raises QemuError on refusal, loss or time-out."""
        (answer,) = self.execute_all((command, arguments or {}))
        return answer

    def execute_all(self, *commands: tuple[str, Mapping[str, object]]) -> list[Any]:
        """The return values of commands that QEMU is given without waiting in between.

        Raises QemuError as `execute`.
        """

        async def within() -> list[object]:
            async with asyncio.timeout(min(self._deadline.remaining, self._patience)):
                waiting = [
                    self._client.execute(name, dict(given) if given else None)
                    for name, given in commands
                ]
                return await asyncio.gather(*waiting, return_exceptions=True)

        names = ", ".join(name for name, _ in commands)
        try:
            answers = self._runner.run(within())
        except TimeoutError as error:
            raise QemuError(f"QEMU did not answer QMP {names} in time") from error
        for (name, _), answer in zip(commands, answers, strict=True):
            if isinstance(answer, BaseException):
                raise self._fault(name, answer) from answer
        return answers

    def get(self, path: str, name: str) -> Any:
        """A QOM property (`qom-get`)."""
        return self.execute("qom-get", {"path": path, "property": name})

    def hmp(self, line: str) -> str:
        """The text a human monitor command prints."""
        return str(self.execute("human-monitor-command", {"command-line": line}))

    def _fault(self, command: str, error: BaseException) -> BaseException:
        if isinstance(error, ExecuteError):
            return QemuError(f"QEMU refused QMP {command}: {error}")
        if isinstance(error, (QMPError, OSError)):
            return _garbage(self._ending()) or QemuError(
                f"QMP {command} was lost: QEMU ended the connection"
            )
        return error

    def _ending(self) -> Exception | None:
        """Why the connection came to its end, as the library tells when it is closed."""
        try:
            self._runner.run(self._client.disconnect())
        except (QMPError, OSError, ValueError, EOFError) as error:
            return error
        return None


def _garbage(error: Exception | None) -> QemuError | None:
    """The error for a program that says what is no QMP; None for any other end."""
    if not isinstance(error, (ProtocolError, ValueError)):
        return None
    words = " ".join(str(error).split())[:100]
    return QemuError(f"{NO_QMP}{words}")


@contextmanager
def session(
    connection: socket.socket, deadline: Deadline, patience: float = inf
) -> Iterator[Monitor]:
    """A QMP session over a connected socket; no answer may take longer than `patience` seconds.

    Raises QemuError when QEMU is not there, or does not speak QMP.
    """
    with asyncio.Runner() as runner:
        client = QMPClient("pciabi")

        async def connect() -> None:
            async with asyncio.timeout(min(deadline.remaining, patience)):
                await client.connect(connection)

        try:
            runner.run(connect())
        except TimeoutError as error:  # an OSError too
            raise QemuError("QEMU did not greet in time") from error
        except (QMPError, OSError) as error:
            cause = error.exc if isinstance(error, ConnectError) else error
            ended = QemuError("QEMU ended before it could be spoken to")
            raise _garbage(cause) or ended from error
        try:
            yield Monitor(runner, client, deadline, patience)
        finally:
            # A connection that QEMU's death broke reports that again when it is closed.
            with suppress(QMPError, OSError, EOFError):
                runner.run(client.disconnect())
