"""How bad a difference is for a guest, and why. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a change is for a guest that expects the old hardware."""

    BREAKING = "breaking"
    NOTABLE = "notable"
    BENIGN = "benign"


@dataclass(frozen=True)
class Judgement:
    """A severity and the reason for it, in one clause."""

    severity: Severity
    reason: str


def breaking(reason: str) -> Judgement:
    """A judgement: the guest sees other hardware."""
    return Judgement(Severity.BREAKING, reason)


def notable(reason: str) -> Judgement:
    """A judgement: it may matter, and somebody should look at it."""
    return Judgement(Severity.NOTABLE, reason)


def benign(reason: str) -> Judgement:
    """A judgement: no guest expects it to stay."""
    return Judgement(Severity.BENIGN, reason)
