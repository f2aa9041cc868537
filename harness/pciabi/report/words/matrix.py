"""Which VM has which change, the same in every report. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pciabi.report.words import gate, vms
from pciabi.report.words.rows import letters
from pciabi.result.entry import Entry
from pciabi.result.judged import JudgedChange
from pciabi.result.rows import Row, rows, weighty
from pciabi.result.verdict import Verdict


class Mark(StrEnum):
    """What a change is to a VM: a cell of the matrix, as one character."""

    FAILS = "X"
    WAIVED = "w"
    THERE = "o"
    NONE = "."

    @property
    def meaning(self) -> str:
        """The mark in words."""
        return _MEANINGS[self]


_MEANINGS = {
    Mark.FAILS: "fails",
    Mark.WAIVED: "waived",
    Mark.THERE: "there, and does not fail",
    Mark.NONE: "not there",
}
LEGEND = ", ".join(f"{mark} {mark.meaning}" for mark in Mark)
_WORST_FIRST = (Mark.FAILS, Mark.WAIVED, Mark.THERE)


@dataclass(frozen=True)
class Line:
    """A VM: its number among the entries, what it is called, how it ended and the word for that,
    and a mark for each row."""

    vm: int
    name: str
    verdict: Verdict
    word: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Matrix:
    """The rows worth a look, the letters that they are called by, and a line for each VM."""

    rows: tuple[Row, ...]
    letters: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def patterns(self) -> tuple[tuple[Line, tuple[str, ...]], ...]:
        """The lines that differ, each with the names of the VMs that it is the line of."""
        found: dict[tuple[str, tuple[Mark, ...]], list[Line]] = {}
        for line in self.lines:
            found.setdefault((line.word, line.marks), []).append(line)
        return tuple((same[0], tuple(line.name for line in same)) for same in found.values())


def matrix(entries: Sequence[Entry]) -> Matrix:
    """The matrix of these VMs: all changes but the benign ones that fail nothing."""
    shown = tuple(weighty(rows(entries)))
    marks = [_marks(row) for row in shown]
    names = vms.names(entries)
    lines = (
        Line(
            vm,
            names[vm],
            entry.verdict,
            gate.word(entry),
            tuple(of.get(vm, Mark.NONE) for of in marks),
        )
        for vm, entry in enumerate(entries)
    )
    return Matrix(shown, letters(len(shown)), tuple(lines))


def _marks(row: Row) -> dict[int, Mark]:
    """The mark of each VM that has the change, the worst where several of its devices do."""
    found: dict[int, Mark] = {}
    for sighting in row.sightings:
        marks = (found.get(sighting.vm, Mark.THERE), _mark(sighting.judged))
        found[sighting.vm] = min(marks, key=_WORST_FIRST.index)
    return found


def _mark(judged: JudgedChange) -> Mark:
    if judged.fails:
        return Mark.FAILS
    return Mark.WAIVED if judged.excuse else Mark.THERE
