"""Every error pciabi raises on purpose.

::

    PciabiError                 message, advice, place, evidence
    ├── InputError              exit 2: bad usage, or a file that is wrong
    │   └── Refusal             a QEMU does not take the VM that a file states
    └── CannotTest              exit 3: the test could not be carried out
        ├── QemuError           QEMU is missing, too old, refused to start, or died
        ├── LibvirtError        libvirt is missing, does not run, or does not answer
        ├── PackageError        no usable packages, or what was made of them is damaged
        ├── ImageError          no usable guest image
        ├── GuestError          the guest did not come up or did not answer
        └── Disagreement        guest and QEMU tell different stories about the hardware
    Interrupted                 SIGINT or SIGTERM arrived; not an error of the test

Exit codes are those of the command line: 0 good, 1 a break, 2 `InputError`, 3 `CannotTest`.
Nothing below `pciabi.cli` exits or prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

_WORST_FIRST = (2, 3, 1, 0)


def worst(codes: Iterable[int]) -> int:
    """The exit code that stands for several: 2 over 3 over 1 over 0."""
    return min(codes, key=_WORST_FIRST.index)


@dataclass(frozen=True, order=True)
class SourcePosition:
    """Where in a user's file something stands. `line` and `column` count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Evidence:
    """What there is to look at when a boot went wrong: QEMU's arguments, the serial console."""

    command_line: tuple[str, ...]
    console: str

    def tail(self, count: int = 12) -> tuple[str, ...]:
        """The last console lines that say something."""
        lines = [line.rstrip() for line in self.console.splitlines()]
        return tuple(line for line in lines if line)[-count:]


class PciabiError(Exception):
    """Base of all errors: what happened, where, and how to mend it.

    `evidence` is added by whoever ran the boot in which the error happened.
    """

    exit_code: ClassVar[int] = 3

    def __init__(
        self, message: str, *, advice: str = "", place: SourcePosition | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.place = place
        self.evidence: Evidence | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """As the parts it is made of, so that it survives the way from another process whatever
        its class is made with."""
        return _made_again, (type(self), self.args), self.__dict__

    def __str__(self) -> str:
        """One line: `file:line: what: how to mend it`."""
        place = f"{self.place}: " if self.place else ""
        advice = f" ({self.advice})" if self.advice else ""
        return f"{place}{self.message}{advice}"


def _made_again(kind: type[PciabiError], words: tuple[object, ...]) -> PciabiError:
    """An error without its attributes, which pickle adds."""
    return kind.__new__(kind, *words)


class InputError(PciabiError):
    """Bad usage, or a file of the user's that is wrong."""

    exit_code = 2


class Refusal(InputError):
    """A QEMU does not take the VM that a file states: another one may.

    `refused_by` is who else refuses it before any QEMU is asked, such as a libvirt, and `words` are
    what that said; both are empty where it is a QEMU.
    """

    refused_by = ""
    words = ""


class CannotTest(PciabiError):
    """The test could not be carried out: neither a pass nor a break."""


class QemuError(CannotTest):
    """QEMU is missing, too old, refused to start, or died."""


class LibvirtError(CannotTest):
    """libvirt is missing, does not run, or does not answer as it must."""


class PackageError(CannotTest):
    """No packages, or no tools to use them; or what was made of them is damaged."""


class ImageError(CannotTest):
    """No usable guest image could be built or found."""


class GuestError(CannotTest):
    """The guest did not come up, or did not answer as it must."""


class Disagreement(CannotTest):
    """Guest and QEMU tell different stories about the same hardware."""


class Interrupted(BaseException):
    """A signal asked the run to stop. Like KeyboardInterrupt, nothing that catches an Exception
    must take it for one: it may arrive within a library's code."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"stopped by signal {signal_number}")
        self.signal_number = signal_number

    def __reduce__(self) -> tuple[object, ...]:
        """Made anew of the signal, in another process too."""
        return Interrupted, (self.signal_number,)

    @property
    def exit_code(self) -> int:
        """128 plus the signal: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + self.signal_number
