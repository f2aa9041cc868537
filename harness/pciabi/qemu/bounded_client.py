"""QEMU's own QMP client, made fit for a program that need not be QEMU: what it says is weighed
before it is taken in, and nothing is kept that nobody asked for."""

from __future__ import annotations

from qemu.qmp import Message, QMPClient, QMPError
from qemu.qmp.error import ProtocolError

# The longest answer of a real machine, `info qtree` of 65,536 functions, is some 60 MB.
LONGEST_ANSWER = 128_000_000
_MOST_IN_ALL = 4 * LONGEST_ANSWER
# Events are short, and a machine has a few of them.
_MOST_EVENTS = 10_000_000
# That answer has a million commas in its text; as values of JSON each would take 60 bytes and more.
_MOST_VALUES = 8_000_000
_LONGEST_QUOTE = 60


class TooMuch(QMPError):
    """More than may be is said."""


class NoQmp(ProtocolError):
    """What is said cannot be read."""


class BoundedClient(QMPClient):
    """A client whose messages end in a value, TooMuch or NoQmp."""

    def __init__(self) -> None:
        super().__init__("pciabi", LONGEST_ANSWER)
        self._in_all = 0
        self._events = 0
        # Nobody listens to events, and the library would keep them all.
        self.events.event_filter = lambda _event: False

    def _cb_inbound(self, msg: Message) -> Message:
        # The library would write each message out, indented, for a log that nobody reads.
        return msg

    async def _do_recv(self) -> Message:
        line = await self._readline()
        self._in_all += len(line)
        if self._in_all > _MOST_IN_ALL:
            raise TooMuch(f"more than {_MOST_IN_ALL:,} bytes")
        if _values(line) > _MOST_VALUES:
            raise TooMuch(f"more than {_MOST_VALUES:,} values at once")
        try:
            message = Message(line)
        except (ProtocolError, ValueError, RecursionError):
            # The library's own errors quote all of it.
            raise NoQmp(ascii(line[:_LONGEST_QUOTE].decode(errors="replace"))) from None
        if "event" in message:
            self._events += len(line)
            if self._events > _MOST_EVENTS:
                raise TooMuch(f"more than {_MOST_EVENTS:,} bytes of events")
        return message


def _values(line: bytes) -> int:
    """How many values it has at most: one that begins with each of these, and one more."""
    return sum(map(line.count, (b",", b"[", b"{"))) if len(line) > _MOST_VALUES else 0
