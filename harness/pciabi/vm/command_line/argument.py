"""One argument of a command line, with the place in the file every character came from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pciabi.errors import SourcePosition

OWN_ARGUMENTS = "the script's own arguments"
"""Why `"$@"` is not known in a script: whoever starts it says what they are."""


@dataclass(frozen=True)
class Run:
    """From offset `start` of an argument's text on, a character a column from `line:column`."""

    start: int
    line: int
    column: int


@dataclass(frozen=True)
class Unresolved:
    """The part `text[start:end]` of an argument stands for something only a run would tell.

    `source` is what the file says there (`$DISK`), `reason` why that is not known. `splits` says
    that it may be several arguments, or none.
    """

    start: int
    end: int
    source: str
    reason: str
    splits: bool = False


@dataclass(frozen=True)
class Argument:
    """What QEMU gets as one argument.

    Where the file leaves a part of it open (a variable nobody assigns), `text` holds what the
    file says and `unresolved` names the part. `condition` is the place of the condition the
    argument depends on (an `if` in a script), None for one that is always there.
    """

    text: str
    file: str
    runs: tuple[Run, ...]
    unresolved: tuple[Unresolved, ...] = ()
    condition: SourcePosition | None = None

    @property
    def position(self) -> SourcePosition:
        """Where it begins."""
        return self.at(0)

    def at(self, offset: int) -> SourcePosition:
        """Where the character at an offset of the text stands in the file."""
        run = self.runs[max(0, bisect_right(self.runs, offset, key=lambda run: run.start) - 1)]
        return SourcePosition(self.file, run.line, run.column + offset - run.start)

    def unresolved_in(self, start: int, end: int) -> Unresolved | None:
        """The first open part that touches `text[start:end]`, or None."""
        return next((u for u in self.unresolved if u.start < end and start < u.end), None)

    def slice(self, start: int, end: int) -> Argument:
        """`text[start:end]` with its places."""
        first = self.at(start)
        later = (
            Run(run.start - start, run.line, run.column)
            for run in self.runs
            if start < run.start < end
        )
        runs = (Run(0, first.line, first.column), *later)
        unresolved = tuple(
            replace(u, start=max(u.start, start) - start, end=min(u.end, end) - start)
            for u in self.unresolved
            if u.start < end and start < u.end
        )
        return Argument(self.text[start:end], self.file, runs, unresolved, self.condition)

    @property
    def splits(self) -> bool:
        """Whether it may be several arguments, or none."""
        return any(part.splits for part in self.unresolved)

    def splitting(self) -> Argument:
        """The same where the shell parts it at the blanks that its open parts may hold."""
        parts = tuple(replace(part, splits=True) for part in self.unresolved)
        return replace(self, unresolved=parts)

    def under(self, condition: SourcePosition) -> Argument:
        """The same argument, there only under a condition; the first one named stays."""
        return self if self.condition is not None else replace(self, condition=condition)


def plain(text: str, file: str, line: int, column: int = 1) -> Argument:
    """An argument that stands in one piece in the file."""
    return Argument(text, file, (Run(0, line, column),))


def runs_of(places: Sequence[tuple[int, int]]) -> tuple[Run, ...]:
    """The runs of a text whose characters stand at these (line, column) places."""
    runs: list[Run] = []
    expected: tuple[int, int] | None = None
    for offset, (line, column) in enumerate(places):
        if (line, column) != expected:
            runs.append(Run(offset, line, column))
        expected = (line, column + 1)
    return tuple(runs)
