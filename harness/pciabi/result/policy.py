"""A policy: that nothing may break, what else is to fail, and what is excused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pciabi.abi.change import Change, Harm, Outcome
from pciabi.abi.compare import Comparison
from pciabi.abi.judgement import Severity
from pciabi.result.failure import Failure, aspects, sentence
from pciabi.result.side import Side, place_of


class FailOn(StrEnum):
    """What makes a comparison fail besides a breaking change, which always does."""

    BREAKING = "breaking"
    NOTABLE = "notable"
    UNKNOWN = "unknown"


class Excuse(Protocol):
    """A reason for which a change that would fail does not. Pure."""

    def of(self, change: Change, before: Side, after: Side) -> str:
        """The reason in words, empty where it is none for this change."""


@dataclass(frozen=True)
class Policy:
    """Terms for two sides of which nobody said what to expect.

    Beside every breaking change fails what `fail_on` says, and every change that hurts somebody
    in one of the ways of `harms`; but for what one of the `excuses` accepts, the first of which
    is told. Nothing excuses what is not known.
    """

    fail_on: frozenset[FailOn] = frozenset()
    harms: frozenset[Harm] = frozenset()
    excuses: tuple[Excuse, ...] = ()

    def expects(self, _change: Change) -> bool | None:
        """Nobody said."""
        return None

    def proved(self, comparison: Comparison, before: Side, after: Side) -> Iterator[Failure]:
        """Every breaking change that nothing excuses."""
        for change in self._failing(comparison, before, after):
            if change.severity is Severity.BREAKING:
                yield _failure(change, before, after)

    def wished(self, comparison: Comparison, before: Side, after: Side) -> Iterator[Failure]:
        """Every other change that the policy names and nothing excuses, and whatever is not
        known, where the policy says so."""
        for change in self._failing(comparison, before, after):
            if change.severity is not Severity.BREAKING:
                yield _failure(change, before, after)
        unknown = count_unknown(comparison)
        if unknown and FailOn.UNKNOWN in self.fail_on:
            message = f"{unknown} unknown, and it was to fail on that"
            yield Failure(None, None, message, after.place)

    def excused(
        self, comparison: Comparison, before: Side, after: Side
    ) -> Iterator[tuple[Change, str]]:
        """Every change that would fail and does not, and why."""
        for change in filter(self.forbids, comparison.changes):
            words = self._excuse(change, before, after)
            if words:
                yield change, words

    def forbids(self, change: Change) -> bool:
        """Whether a change fails where nothing excuses it."""
        if change.severity is Severity.BREAKING:
            return True
        if change.severity is Severity.NOTABLE and FailOn.NOTABLE in self.fail_on:
            return True
        done = {one.harm for one in change.consequences if one.outcome is Outcome.CHANGED}
        return not self.harms.isdisjoint(done)

    def _failing(self, comparison: Comparison, before: Side, after: Side) -> Iterator[Change]:
        for change in filter(self.forbids, comparison.changes):
            if not self._excuse(change, before, after):
                yield change

    def _excuse(self, change: Change, before: Side, after: Side) -> str:
        words = (excuse.of(change, before, after) for excuse in self.excuses)
        return next(filter(None, words), "")


def count_unknown(comparison: Comparison) -> int:
    """How much is not known: fields nobody read, and questions about guests."""
    outcomes = [c.outcome for change in comparison.changes for c in change.consequences]
    return len(comparison.unknowns) + outcomes.count(Outcome.UNKNOWN)


def _failure(change: Change, before: Side, after: Side) -> Failure:
    place = place_of(change, before, after)
    return Failure(change.id, min(aspects(change)), sentence(change, after.snapshot), place, change)
