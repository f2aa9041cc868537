"""What is timed: something that starts QEMU and ends up with a guest's lspci text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Run:
    """One run: seconds from QEMU's exec to the text in hand, and the text.

    `whole` counts from the command's start, where a command of its own was run; `twin` are the
    seconds that a paused twin took afterwards, where there was one.
    """

    seconds: float
    text: str
    whole: float | None = None
    twin: float | None = None


class Contender(Protocol):
    """One way to get the text."""

    @property
    def name(self) -> str:
        """In the table."""

    @property
    def what(self) -> str:
        """It explained, in a line of the report."""

    def run(self, machine: str) -> Run:
        """Do it once on a machine type. Raises CannotTest when it does not work out."""
