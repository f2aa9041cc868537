"""An argument of a shell command being put together from pieces, each with its places."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pciabi.errors import SourcePosition
from pciabi.vm.command_line.argument import Argument, Run, Unresolved, runs_of
from pciabi.vm.command_line.shell_lexer import Expansion, Literal
from pciabi.vm.command_line.source import Source


class Text:
    """The pieces so far; `at` is where an argument without any would stand."""

    def __init__(self, source: Source, at: int) -> None:
        self.source = source
        self.start = source.place(at)
        self.text: list[str] = []
        self.length = 0
        self.runs: list[Run] = []
        self.unresolved: list[Unresolved] = []
        self.condition: SourcePosition | None = None
        self.touched = False

    def add(self, text: str, runs: Iterable[Run]) -> None:
        """Characters with their places."""
        self.runs.extend(replace(run, start=run.start + self.length) for run in runs)
        self.text.append(text)
        self.length += len(text)

    def add_literal(self, part: Literal) -> None:
        """Characters that stand for themselves."""
        self.touched = True
        self.add(part.text, runs_of([self.source.place(offset) for offset in part.offsets]))

    def add_blank(self) -> None:
        """The blank between two elements that are joined."""
        self.add(" ", self.runs[-1:])

    def add_argument(self, argument: Argument) -> None:
        """What a variable holds."""
        self.touched = True
        self.unresolved.extend(
            replace(part, start=part.start + self.length, end=part.end + self.length)
            for part in argument.unresolved
        )
        self.add(argument.text, argument.runs)
        self.condition = self.condition or argument.condition

    def add_unresolved(self, part: Expansion, reason: str) -> None:
        """What only a run would tell."""
        self.touched = True
        end = self.length + len(part.source)
        self.unresolved.append(Unresolved(self.length, end, part.source, reason))
        offsets = range(part.offset, part.offset + len(part.source))
        self.add(part.source, runs_of([self.source.place(offset) for offset in offsets]))

    def argument(self) -> Argument:
        """All of it."""
        runs = tuple(self.runs) or runs_of([self.start])
        unresolved = tuple(self.unresolved)
        return Argument("".join(self.text), self.source.file, runs, unresolved, self.condition)
