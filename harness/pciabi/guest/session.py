"""Where commands run in a guest, however it is reached."""

from __future__ import annotations

from typing import Protocol


class Session(Protocol):
    """A guest that lets us in."""

    def run_script(self, script: str) -> str:
        """What a POSIX shell script prints; an error calls it by its first line.

        Raises GuestError unless it ends with status 0 in time.
        """
