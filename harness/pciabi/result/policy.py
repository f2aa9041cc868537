"""A policy: that nothing may break, and what else is to fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pciabi.abi.change import Change, Outcome
from pciabi.abi.compare import Comparison
from pciabi.abi.judgement import Severity
from pciabi.result.failure import Failure, aspects, sentence
from pciabi.result.side import Side, place_of


class FailOn(StrEnum):
    """What makes a comparison fail besides a breaking change, which always does."""

    BREAKING = "breaking"
    NOTABLE = "notable"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Policy:
    """Terms for two sides of which nobody said what to expect."""

    fail_on: frozenset[FailOn] = frozenset()

    def expects(self, _change: Change) -> bool | None:
        """Nobody said."""
        return None

    def proved(self, comparison: Comparison, before: Side, after: Side) -> Iterator[Failure]:
        """Every breaking change."""
        return _failures(comparison, Severity.BREAKING, before, after)

    def wished(self, comparison: Comparison, before: Side, after: Side) -> Iterator[Failure]:
        """Every notable change, and whatever is not known, where the policy says so."""
        if FailOn.NOTABLE in self.fail_on:
            yield from _failures(comparison, Severity.NOTABLE, before, after)
        unknown = count_unknown(comparison)
        if unknown and FailOn.UNKNOWN in self.fail_on:
            message = f"{unknown} unknown, and it was to fail on that"
            yield Failure(None, None, message, after.place)


def count_unknown(comparison: Comparison) -> int:
    """How much is not known: fields nobody read, and questions about guests."""
    outcomes = [c.outcome for change in comparison.changes for c in change.consequences]
    return len(comparison.unknowns) + outcomes.count(Outcome.UNKNOWN)


def _failures(
    comparison: Comparison, severity: Severity, before: Side, after: Side
) -> Iterator[Failure]:
    for change in comparison.changes:
        if change.severity is severity:
            yield Failure(
                change.id,
                min(aspects(change)),
                sentence(change, after.snapshot),
                place_of(change, before, after),
                change,
            )
