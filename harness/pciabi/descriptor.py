"""What can be waited for and read: a socket, a pty, a pipe."""

from __future__ import annotations

from typing import Protocol


class Descriptor(Protocol):
    """Anything with an open file descriptor; who made it closes it."""

    def fileno(self) -> int:
        """The file descriptor."""
