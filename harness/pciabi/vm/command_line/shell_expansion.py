"""A shell's words as the arguments they become, as far as the variables are known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pciabi.errors import InputError
from pciabi.vm.command_line.argument import Argument
from pciabi.vm.command_line.option import MAX_ARGUMENTS
from pciabi.vm.command_line.shell_lexer import Expansion, Literal, Piece, Word
from pciabi.vm.command_line.shell_text import Text
from pciabi.vm.command_line.shell_variables import Frames, Unknown, Value, Variables
from pciabi.vm.command_line.source import Source

_BLANKS = re.compile(r"[ \t\n]+")
_MAX_CHARACTERS = 300_000


@dataclass
class Budget:
    """How many characters a script may still expand to."""

    left: int = _MAX_CHARACTERS


class Expansions:
    """Expands words in the frames of the command they belong to."""

    def __init__(self, source: Source, variables: Variables, budget: Budget) -> None:
        self.source = source
        self.variables = variables
        self.frames: Frames = ()
        self.budget = budget

    @contextmanager
    def counted(self, budget: Budget) -> Iterator[None]:
        """What is expanded is taken from this budget."""
        outer, self.budget = self.budget, budget
        try:
            yield
        finally:
            self.budget = outer

    def count(self, characters: int, word: Word) -> None:
        """Expansions double quickly: they end where no script of sense goes."""
        self.budget.left -= characters
        if self.budget.left <= 0:
            raise InputError(
                "the script expands to too many arguments",
                place=self.source.position(word.offset),
            )

    def fields(self, words: Sequence[Word]) -> Value:
        """The words as the shell hands them to a program."""
        found: list[Argument] = []
        for word in words:
            for argument in self._expanded(word):
                self.count(len(argument.text) + 1, word)
                found.append(argument)
            if len(found) > MAX_ARGUMENTS + 1:
                self.count(_MAX_CHARACTERS, word)
        return tuple(found)

    def joined(self, word: Word, parts: Sequence[Piece], start: int, before: Value) -> Argument:
        """Parts of a word behind what was there, as one argument: what an assignment assigns."""
        text = Text(self.source, start)
        for argument in before[:1]:
            text.add_argument(argument)
        for part in parts:
            self._add_whole(text, part)
        self.count(text.length, word)
        return text.argument()

    def _add_whole(self, text: Text, part: Piece) -> None:
        """A part of a word that is not split into fields."""
        if isinstance(part, Literal):
            text.add_literal(part)
            return
        value = self._value(part)
        if isinstance(value, Unknown):
            text.add_unresolved(part, value.reason)
        else:
            for at, argument in enumerate(value):
                if at:
                    text.add_blank()
                text.add_argument(argument)

    def _value(self, part: Expansion) -> Value | Unknown:
        if part.name is None:
            return Unknown("only the running shell knows")
        value = self.variables.lookup(part.name, self.frames, part.first)
        if isinstance(value, Unknown):
            return value
        # `$ARRAY` is its first element.
        value = value if part.every or part.name in {"@", "*"} else value[:1]
        if part.default is not None and not any(argument.text for argument in value):
            return Unknown("the default of an empty variable")
        return value

    def _expanded(self, word: Word) -> Iterator[Argument]:
        text = Text(self.source, word.offset)
        vanishes = splits = False
        for part in word.parts:
            pieces = self._pieces(part)
            if pieces is None:
                splits |= isinstance(part, Expansion) and (part.every or not part.quoted)
                self._add_whole(text, part)
                continue
            quoted = isinstance(part, Expansion) and part.quoted
            vanishes |= quoted and not pieces
            for at, argument in enumerate(pieces):
                if at and (quoted or text.touched):
                    yield text.argument()
                    text = Text(self.source, word.offset)
                if quoted or argument.text:
                    text.add_argument(argument)
        # `"$@"` without arguments is no argument at all, though it is quoted.
        if text.touched and (text.length or not vanishes):
            yield text.argument().splitting() if splits else text.argument()

    def _pieces(self, part: Piece) -> Value | None:
        """What a part contributes where it may end one field and begin the next, else None."""
        if isinstance(part, Literal) or (part.quoted and not part.every):
            return None
        value = self._value(part)
        if isinstance(value, Unknown):
            return None
        return value if part.quoted else tuple(split(value))


def split(value: Value) -> Iterator[Argument]:
    """An unquoted value parted at its blanks; a blank at an end gives an empty piece there."""
    for argument in value:
        start = 0
        for blank in _BLANKS.finditer(argument.text):
            if argument.unresolved_in(blank.start(), blank.end()) is None:
                yield argument.slice(start, blank.start()).splitting()
                start = blank.end()
        yield argument.slice(start, len(argument.text)).splitting()
