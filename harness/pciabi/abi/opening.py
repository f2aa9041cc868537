"""What two sides leave open of one subject, and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from pciabi.abi.snapshot import PlacedFunction, Snapshot

S = TypeVar("S", PlacedFunction, Snapshot)

_NOT_READ = "it was not read"
# In the words of who left it unread.
_UNREAD_BY = {"lspci": "lspci's text does not show it", "boot": "the guest could not read it"}


@dataclass(frozen=True)
class Reason:
    """Why a side left something open. Two are the same reason only if their `kinds` are: all
    that stood in for something, and all that it stood in for."""

    words: str
    kinds: frozenset[str]


def left_out(snapshot: Snapshot, field: str) -> Reason | None:
    """That options which decide this field of the machine were left out; None where none were.
    One of a kind and two of it are not the same reason."""
    options = [one.option for one in snapshot.substitutions if field in one.unknown]
    if not options:
        return None
    words = f"left out: {'; '.join(dict.fromkeys(options))}"
    return Reason(words, frozenset({"; ".join(sorted(options))}))


@dataclass(frozen=True)
class Opening:
    """One thing that at least one side left open: its name in the field's words, and why each
    side did; None on a side that read it."""

    field: str
    why_before: Reason | None
    why_after: Reason | None


@dataclass(frozen=True)
class Both(Generic[S]):
    """One subject on both sides, a function or the machine, and who read it: the two snapshots'
    `provenance.probe`. `left_open` names what of it is not known on either side or on both,
    because something stood in for what decides it."""

    before: S
    after: S
    probe_before: str
    probe_after: str
    left_open: frozenset[str] = frozenset()

    @property
    def read_cold(self) -> bool:
        """Whether nobody had written anything to either before it was read."""
        return self.probe_before == self.probe_after == "cold"

    def silent(self, field: str, *, before: bool, after: bool) -> Opening:
        """The opening of what a side does not tell. That a source shows less is one reason,
        whatever the source."""
        return Opening(
            field,
            _silence(self.probe_before) if before else None,
            _silence(self.probe_after) if after else None,
        )

    def because(self, why: str, field: str, *, before: bool, after: bool) -> Opening:
        """The opening of what one and the same reason hides on these sides."""
        reason = Reason(why, frozenset({why}))
        return Opening(field, reason if before else None, reason if after else None)


def _silence(probe: str) -> Reason:
    return Reason(_UNREAD_BY.get(probe, _NOT_READ), frozenset({_NOT_READ}))
