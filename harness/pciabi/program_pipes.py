"""The ends of pipes to and from a program: what arrives is kept up to a bound, and what is to be
said is handed on as it is taken."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO

_CHUNK = 1 << 16


class Tap:
    """What arrives in a pipe, kept up to a bound."""

    def __init__(self, descriptor: int, most: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.most = most
        self.data = bytearray()
        self.open = True
        self._lock = threading.Lock()

    @property
    def full(self) -> bool:
        """Whether more has arrived than may."""
        return len(self.data) > self.most

    def await_more(self) -> None:
        """Return once something has arrived, or nothing will any more."""
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        poll.poll()

    def take(self) -> None:
        """Take in what is there."""
        with self._lock, suppress(BlockingIOError):
            while self.open and not self.full:
                arrived = os.read(self.descriptor, _CHUNK)
                self.open = bool(arrived)
                self.arrive(arrived)

    def arrive(self, data: bytes) -> None:
        """Keep what has arrived."""
        self.data += data


class Lines(Tap):
    """A pipe whose lines are handed on; how much there was of them is counted all the same."""

    def __init__(self, descriptor: int, most: int, heard: Callable[[str], None]) -> None:
        super().__init__(descriptor, most)
        self._heard = heard
        self._begun = b""

    def arrive(self, data: bytes) -> None:
        """Hand the lines on that are whole, and the rest at the end."""
        super().arrive(data)
        *lines, self._begun = (self._begun + data).split(b"\n")
        if not data and self._begun:
            lines.append(self._begun)
        for line in lines:
            self._heard(line.decode(errors="replace"))


@dataclass
class Mouth:
    """What a program is still to be given."""

    pipe: FileIO
    unsaid: bytes

    def say(self) -> bool:
        """Hand on what fits; False once all is said, or nobody listens any more."""
        try:
            self.unsaid = self.unsaid[os.write(self.pipe.fileno(), self.unsaid[:_CHUNK]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        return bool(self.unsaid)
