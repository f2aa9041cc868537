"""A VM whose machine is still to be started, as one side of a comparison: what is to be read apart
from what is made of it, so that many can be read at once and equal ones once."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from pciabi.errors import PciabiError
from pciabi.probe.task import Task
from pciabi.result.side import Side

R = TypeVar("R")


class Startable(Protocol[R]):
    """A VM on the QEMU and the machine type of one side. What it takes of a host was asked when
    it was made; from then on nothing here starts a program."""

    @property
    def task(self) -> Task[Any, R]:
        """What is to be read. Tasks of equal hardware are equal."""

    def side(self, reading: R) -> Side:
        """The side, once its task has been carried out. Raises CannotTest where what was read
        cannot be taken for it."""

    def blame(self, error: PciabiError) -> PciabiError:
        """Why its task could not be carried out, in the user's words and at his line."""
