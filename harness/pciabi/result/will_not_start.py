"""A VM that the earlier hypervisor starts and the later one refuses. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pciabi.errors import PciabiError, SourcePosition
from pciabi.result.failure import Failure
from pciabi.result.judged import JudgedComparison
from pciabi.result.side import Side


class Missing(StrEnum):
    """What the later hypervisor does not have any more."""

    MACHINE_TYPE = "machine type"
    DEVICE = "device"
    OBJECT = "object"
    PROPERTY = "property"
    VALUE = "value"
    OPTION = "option"


@dataclass(frozen=True)
class Gone:
    """Something that a configuration names and only the earlier hypervisor has: `pc-i440fx-4.2`, a
    device's type, `virtio-net-pci.x-mtu-bypass-backend`, a value with its option as
    written, or an option (`-no-hpet`)."""

    what: Missing
    name: str
    place: SourcePosition


class Choice(StrEnum):
    """Why a machine type is proposed in the place of one that is gone."""

    NEAREST = "the nearest one it has"
    OLDEST_TO_STAY = "the oldest one that is not deprecated"


@dataclass(frozen=True)
class Replacement:
    """A machine type to take in the place of one that is gone, and what a guest would see changed.

    `deprecated` is the later hypervisor's own word; `ends` is the version that deletes it, such as
    `11.2`, None where nobody announced that. One of `comparison` and `error` is None.
    """

    machine: str
    choice: Choice
    deprecated: bool
    ends: str | None
    comparison: JudgedComparison | None
    error: PciabiError | None = None


@dataclass(frozen=True)
class WillNotStart:
    """What the earlier hypervisor read (`before`), what is gone, what the later one said
    (`words`), who it is (`refused_by`, its version line), and where in the user's file it is
    about. `gone` is empty where what was asked does not tell, which the words then do. `excuse`
    says in words why it does not fail all the same, as a `JudgedChange`'s does."""

    before: Side
    refused_by: str
    words: str
    place: SourcePosition
    gone: tuple[Gone, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    excuse: str = ""

    @property
    def failure(self) -> Failure:
        """It as a failure, in one sentence."""
        gone = (one for one in self.gone if one.what is not Missing.VALUE)
        names = ", ".join(f"{one.what} {one.name}" for one in gone)
        message = f"it has no {names}" if names else self.words
        return Failure(None, None, f"{self.refused_by} will not start it: {message}", self.place)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """It as a failure, none where it is excused."""
        return () if self.excuse else (self.failure,)
