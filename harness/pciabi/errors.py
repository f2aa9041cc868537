"""Every error pciabi raises on purpose.

::

    PciabiError                 message, advice, place
    ├── InputError              exit 2: bad usage, or a file that is wrong
    └── CannotTest              exit 3: the test could not be carried out
        ├── QemuError           QEMU is missing, too old, refused to start, or died
        ├── ImageError          no usable guest image
        ├── GuestError          the guest did not come up or did not answer; carries console lines
        └── Disagreement        guest and QEMU tell different stories about the hardware
    Interrupted                 SIGINT or SIGTERM arrived; not an error of the test

Exit codes are those of the command line: 0 good, 1 a break, 2 `InputError`, 3 `CannotTest`.
Nothing below `pciabi.cli` exits or prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, order=True)
class SourcePosition:
    """Where in a user's file something stands. `line` and `column` count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class PciabiError(Exception):
    """Base of all errors: what happened, where, and how to mend it."""

    exit_code: ClassVar[int] = 3

    def __init__(
        self, message: str, *, advice: str = "", place: SourcePosition | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.place = place

    def __str__(self) -> str:
        """One line: `file:line: what: how to mend it`."""
        place = f"{self.place}: " if self.place else ""
        advice = f" ({self.advice})" if self.advice else ""
        return f"{place}{self.message}{advice}"


class InputError(PciabiError):
    """Bad usage, or a file of the user's that is wrong."""

    exit_code = 2


class CannotTest(PciabiError):
    """The test could not be carried out: neither a pass nor a break."""


class QemuError(CannotTest):
    """QEMU is missing, too old, refused to start, or died."""


class ImageError(CannotTest):
    """No usable guest image could be built or found."""


class GuestError(CannotTest):
    """The guest did not come up, or did not answer as it must.

    `console` holds the last serial lines, for the reader to see why.
    """

    def __init__(
        self,
        message: str,
        *,
        advice: str = "",
        place: SourcePosition | None = None,
        console: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, advice=advice, place=place)
        self.console = console


class Disagreement(CannotTest):
    """Guest and QEMU tell different stories about the same hardware."""


class Interrupted(Exception):
    """A signal asked the run to stop."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"stopped by signal {signal_number}")
        self.signal_number = signal_number

    @property
    def exit_code(self) -> int:
        """128 plus the signal: 130 for SIGINT, 143 for SIGTERM."""
        return 128 + self.signal_number
