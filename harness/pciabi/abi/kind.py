"""What sorts of differences there are: each belongs to the family of facts that tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """What reports say of a kind of change: what it is called, what it means for a guest, and
    what to do about it."""

    title: str
    meaning: str
    remedy: str


class Kind(str):
    """One sort of difference, by its word in every report.

    `rank` says where it stands among the changes of one device: lower ones first, those of one
    rank by their words.
    """

    __slots__ = ("advice", "rank")

    advice: Advice
    rank: int

    def __new__(cls, word: str, rank: int, advice: Advice) -> Kind:
        """A kind of that word."""
        kind = super().__new__(cls, word)
        kind.rank = rank
        kind.advice = advice
        return kind

    def __reduce__(self) -> tuple[type[Kind], tuple[str, int, Advice]]:
        """What a copy in another process is made of."""
        return Kind, (str(self), self.rank, self.advice)

    @property
    def place(self) -> tuple[int, str]:
        """Sorts kinds."""
        return self.rank, str(self)


KEEP = (
    "Keep the old hypervisor or machine type for existing guests, or set the device's "
    "compatibility property, and report it to QEMU where the machine type is versioned."
)
"""The remedy where a hypervisor has changed what a device is."""
