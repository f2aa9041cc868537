"""Timings taken in rounds, compared within each round. Pure.

A machine's speed drifts by more than what is to be told apart, so only what was measured in the
same round is held against each other, and the median of those ratios counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self


@dataclass(frozen=True)
class Spread:
    """The median of some figures, and the least and greatest of them."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Self:
        """Raises ValueError for no figures at all."""
        if not figures:
            raise ValueError("nothing was measured")
        return cls(median(figures), min(figures), max(figures))

    def text(self, digits: int) -> str:
        """Such as `2.31 (2.20 to 2.98)`."""
        return f"{self.median:.{digits}f} ({self.least:.{digits}f} to {self.greatest:.{digits}f})"


@dataclass(frozen=True)
class Rounds:
    """What each contender took in each round: by name, as many figures as there were rounds."""

    figures: Mapping[str, Sequence[float]]

    def __post_init__(self) -> None:
        if len({len(figures) for figures in self.figures.values()}) > 1:
            raise ValueError("the contenders were not measured in the same rounds")

    def spread(self, name: str) -> Spread:
        """How one contender did."""
        return Spread.of(self.figures[name])

    def ratio(self, name: str, other: str) -> Spread:
        """One contender as a multiple of another, round by round."""
        pairs = zip(self.figures[name], self.figures[other], strict=True)
        return Spread.of([mine / theirs for mine, theirs in pairs])

    def difference(self, name: str, other: str) -> Spread:
        """By how much one contender is above another, round by round."""
        pairs = zip(self.figures[name], self.figures[other], strict=True)
        return Spread.of([mine - theirs for mine, theirs in pairs])


def turn(names: Sequence[str], number: int) -> tuple[str, ...]:
    """The order of a round: each contender comes first in turn, so that none always follows
    the same other."""
    start = number % len(names)
    return (*names[start:], *names[:start])


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, its columns aligned."""
    lines = [heading, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    padded = [[cell.ljust(width) for cell, width in zip(x, widths, strict=True)] for x in lines]
    padded.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)
