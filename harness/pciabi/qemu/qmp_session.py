"""QMP through QEMU's own client library, from ordinary synchronous code."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from qemu.qmp import ExecuteError, QMPClient, QMPError
from qemu.qmp.error import ProtocolError

from pciabi.deadline import Deadline
from pciabi.errors import QemuError
from pciabi.qemu import bounded_client
from pciabi.qemu.answers import NO_QMP
from pciabi.qemu.bounded_client import BoundedClient, TooMuch
from pciabi.qemu.monitor import TOO_MUCH, Lost, Monitor, Refused, Silent

# The library logs what it also raises.
logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL)

# What of the library's is raised where its other end is no QEMU: it trusts that one to some degree.
_MISTRUSTED = (TypeError, LookupError, AttributeError, AssertionError, RecursionError)
_LONGEST_QUOTE = 300
# QEMU greets before it makes the first device.
_GREETING_SECONDS = 20.0


class QmpMonitor(Monitor):
    """A negotiated QMP session."""

    def __init__(
        self, runner: asyncio.Runner, client: QMPClient, deadline: Deadline, patience: float
    ) -> None:
        self._runner = runner
        self._client = client
        self._deadline = deadline
        self._patience = patience

    def execute_all(self, *commands: tuple[str, Mapping[str, object]]) -> list[object]:
        """As `Monitor`'s: all commands are under way at once."""

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
                raise _fault(name, answer) from answer
        return answers


def _fault(command: str, error: BaseException) -> BaseException:
    if isinstance(error, ExecuteError):
        return Refused(f"QEMU refused QMP {command}: {str(error)[:_LONGEST_QUOTE]}")
    if isinstance(error, ProtocolError):
        return _nonsense(error) or error
    if isinstance(error, (QMPError, OSError, ValueError, asyncio.CancelledError)):
        return Lost(f"QMP {command} was lost: QEMU ended the connection")
    return error


@contextmanager
def session(connection: socket.socket, deadline: Deadline, patience: float) -> Iterator[QmpMonitor]:
    """As `monitor.session`."""
    greeting = Deadline.after(min(deadline.remaining, patience, _GREETING_SECONDS))
    with asyncio.Runner() as runner:
        # What the library leaves unread is raised elsewhere, or the connection's end tells it.
        runner.get_loop().set_exception_handler(lambda _loop, _context: None)
        client = BoundedClient()

        async def connect() -> None:
            async with asyncio.timeout(greeting.remaining):
                await client.connect(connection)

        try:
            runner.run(connect())
        # The library makes one of its own errors of a time that is over, and asserts that what it
        # has just spoken to is still there.
        except (QMPError, OSError, ValueError, *_MISTRUSTED) as error:
            reason = _nonsense(getattr(error, "exc", error)) or _closed(runner, client)
            if reason is None and greeting.passed:
                reason = Silent(f"QEMU did not greet in {greeting.granted:.3g} s")
            raise reason or Lost("QEMU ended before it could be spoken to") from error
        try:
            yield QmpMonitor(runner, client, deadline, patience)
        except Lost as error:
            reason = _closed(runner, client)
            raise (reason or error) from error
        finally:
            _closed(runner, client)


def _closed(runner: asyncio.Runner, client: QMPClient) -> QemuError | None:
    """Close the connection; what of QEMU's has broken it, which only that tells."""
    try:
        runner.run(client.disconnect())
    except (QMPError, OSError, ValueError, EOFError, *_MISTRUSTED) as error:
        # A connection that QEMU's death broke reports that again when it is closed.
        return _nonsense(error)
    return None


def _nonsense(error: BaseException) -> QemuError | None:
    """The error for a program that says what is no QMP, or too much; None for any other end."""
    if isinstance(error, TooMuch):
        return QemuError(f"{TOO_MUCH}{error}")
    if isinstance(error, ProtocolError):
        # As a text it may be all that was said.
        cause = getattr(error, "exc", "")
        words = " ".join(f"{error.error_message} {cause}".split())[:_LONGEST_QUOTE]
        return QemuError(f"{NO_QMP}{words}")
    if isinstance(error, UnicodeError | TypeError | LookupError | AttributeError | RecursionError):
        return QemuError(f"{NO_QMP}a message is of no known shape")
    if isinstance(error, ValueError):
        return QemuError(f"QEMU answers QMP with more than {bounded_client.LONGEST_ANSWER:,} bytes")
    return None
