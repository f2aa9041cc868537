"""QMP through QEMU's own client library, from ordinary synchronous code."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from qemu.qmp import ExecuteError, QMPClient, QMPError

from pciabi.deadline import Deadline
from pciabi.errors import QemuError

# The library logs what it also raises.
logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL)


class Monitor:
    """A negotiated QMP session. Answers are plain JSON values."""

    def __init__(self, runner: asyncio.Runner, client: QMPClient, deadline: Deadline) -> None:
        self._runner = runner
        self._client = client
        self._deadline = deadline

    def execute(self, command: str, arguments: Mapping[str, object] | None = None) -> Any:
        """The command's return value. Raises QemuError on refusal, loss or time-out."""

        async def within() -> object:
            async with asyncio.timeout(self._deadline.remaining):
                return await self._client.execute(command, dict(arguments) if arguments else None)

        try:
            return self._runner.run(within())
        except ExecuteError as error:
            raise QemuError(f"QEMU refused QMP {command}: {error}") from error
        except (QMPError, OSError) as error:
            raise QemuError(f"QMP {command} was lost: QEMU ended the connection") from error
        except TimeoutError as error:
            raise QemuError(f"QEMU did not answer QMP {command} in time") from error

    def get(self, path: str, name: str) -> Any:
        """A QOM property (`qom-get`)."""
        return self.execute("qom-get", {"path": path, "property": name})

    def hmp(self, line: str) -> str:
        """The text a human monitor command prints."""
        return str(self.execute("human-monitor-command", {"command-line": line}))


@contextmanager
def session(connection: socket.socket, deadline: Deadline) -> Iterator[Monitor]:
    """A QMP session over a connected socket. Raises QemuError when QEMU is not there."""
    with asyncio.Runner() as runner:
        client = QMPClient("pciabi")

        async def connect() -> None:
            async with asyncio.timeout(deadline.remaining):
                await client.connect(connection)

        try:
            runner.run(connect())
        except (QMPError, OSError) as error:
            raise QemuError("QEMU ended before it could be spoken to") from error
        except TimeoutError as error:
            raise QemuError("QEMU did not greet in time") from error
        try:
            yield Monitor(runner, client, deadline)
        finally:
            # A connection that QEMU's death broke reports that again when it is closed.
            with suppress(QMPError, OSError):
                runner.run(client.disconnect())
