"""What is to be read, apart from what it is read with.

A task is frozen, small and made of plain data, so that it can be sent to another process or
machine, and so can what it returns. What it takes of the machine it is carried out on, a host
gives it.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

Host_contra = TypeVar("Host_contra", contravariant=True)
Reading_co = TypeVar("Reading_co", covariant=True)


class Task(Protocol[Host_contra, Reading_co]):
    """One machine to be started and read."""

    def carry_out(self, host: Host_contra) -> Reading_co:
        """Start the machine on this host, read it, end it.

        Raises InputError, CannotTest (both with evidence where there is any), Interrupted.
        """
