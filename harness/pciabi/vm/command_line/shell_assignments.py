"""The commands of a shell that set its variables, noted as they are met."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from pciabi.errors import SourcePosition
from pciabi.vm.command_line.shell_expansion import Expansions
from pciabi.vm.command_line.shell_lexer import Literal, Piece, Word
from pciabi.vm.command_line.shell_syntax import Command
from pciabi.vm.command_line.shell_variables import POSITIONAL, Frames, Unknown, Variables

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\[[^\]]*\])?(\+)?=", re.ASCII)
_DECLARATIONS = {"export", "declare", "local", "readonly", "typeset"}
_LOCAL = {"declare", "local", "typeset"}
_SETTERS = {"read", "mapfile", "readarray", "getopts", "unset", "printf", "let", "for", "select"}


def assignment(word: Word) -> re.Match[str] | None:
    """The beginning `NAME=` of a word: the name, an index, and `+`; None for another word."""
    first = word.parts[0] if word.parts else None
    if isinstance(first, Literal) and not first.quoted:
        return _ASSIGNMENT.match(first.text)
    return None


def without_assignments(command: Command) -> tuple[Word, ...]:
    """The words of a command without the assignments that hold for it alone."""
    before = len(tuple(takewhile(assignment, command.words)))
    return command.words[before:]


class Assignments:
    """Notes what commands assign, in the frames of the command that is read."""

    def __init__(self, expansions: Expansions, variables: Variables) -> None:
        self._expansions = expansions
        self._variables = variables

    @property
    def frames(self) -> Frames:
        """Those of the command that is read."""
        return self._expansions.frames

    def position(self, word: Word) -> SourcePosition:
        """Where a word stands."""
        return self._expansions.source.position(word.offset)

    def sets_variables(self, command: Command) -> bool:
        """Whether the command only sets variables; then that has been noted."""
        head = command.head
        if all(assignment(word) for word in command.words):
            self._assign_all(command.words)
        elif head in _DECLARATIONS:
            self._declare(command)
        elif head in _SETTERS:
            self._forget(command.words[1:2] if head in {"for", "select"} else command.words[1:])
        elif head in {"source", "."}:
            self._variables.forget_all(self.frames, self.position(command.words[0]))
        elif head == "set" and len(command.words) > 1 and command.words[1].bare == "--":
            value = self._expansions.fields(command.words[2:])
            place = self.position(command.words[0])
            self._variables.assign(POSITIONAL, value, self.frames, place)
        elif head == "shift":
            count = command.words[1].bare if len(command.words) > 1 else "1"
            number = int(count) if count is not None and count.isdecimal() else None
            self._variables.shift(number, self.frames, self.position(command.words[0]))
        else:
            return False
        return True

    def _declare(self, command: Command) -> None:
        for word in command.words[1:]:
            match = assignment(word)
            name = match[1] if match is not None else word.bare or ""
            if command.head in _LOCAL and name.isidentifier():
                self._variables.make_local(name)
            if match is not None:
                self._assign(word, match)

    def _forget(self, words: Sequence[Word]) -> None:
        for word in words:
            match = assignment(word)
            name = match[1] if match else word.bare or ""
            if name.isidentifier():
                self._variables.forget(name, self.frames, self.position(word))

    def _assign_all(self, words: Sequence[Word]) -> None:
        for word in words:
            match = assignment(word)
            if match is not None:
                self._assign(word, match)

    def assign_locally(self, word: Word) -> None:
        """`NAME=value function …`: as long as the function runs."""
        match = assignment(word)
        if match is not None:
            self._variables.make_local(match[1])
            self._assign(word, match)

    def _assign(self, word: Word, match: re.Match[str]) -> None:
        name, index, adds = match[1], match[2], match[3]
        place = self.position(word)
        if index:
            self._variables.forget(name, self.frames, place)
        elif word.array is not None:
            value = self._expansions.fields(word.array)
            if adds:
                self._variables.extend(name, value, self.frames, place)
            else:
                self._variables.assign(name, value, self.frames, place)
        else:
            before = self._variables.lookup(name, self.frames) if adds else ()
            if isinstance(before, Unknown):
                self._variables.assign(name, before, self.frames, place)
            else:
                parts = tuple(_after(word, match.end()))
                start = word.offset + match.end()
                joined = self._expansions.joined(word, parts, start, before)
                self._variables.assign(name, (joined,), self.frames, place)


def _after(word: Word, length: int) -> Iterator[Piece]:
    """The parts of a word without its first `length` characters, which are unquoted."""
    first = word.parts[0]
    if isinstance(first, Literal):
        yield Literal(first.text[length:], first.offsets[length:], quoted=False)
    yield from word.parts[1:]
