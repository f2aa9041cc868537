"""QEMU's command lines in a shell script: words expanded as far as reading can tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pciabi.errors import InputError, SourcePosition
from pciabi.vm.command_line.argument import Argument, Run, Unresolved, runs_of
from pciabi.vm.command_line.option import MAX_ARGUMENTS
from pciabi.vm.command_line.program import is_qemu, may_be_qemu
from pciabi.vm.command_line.shell_lexer import Expansion, Literal, Part, Word, tokens
from pciabi.vm.command_line.shell_syntax import Command, commands
from pciabi.vm.command_line.shell_variables import POSITIONAL, Frames, Unknown, Value, Variables
from pciabi.vm.command_line.source import Source

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\[[^\]]*\])?(\+)?=", re.ASCII)
_DECLARATIONS = {"export", "declare", "local", "readonly", "typeset"}
_SETTERS = {"read", "mapfile", "readarray", "getopts", "unset", "printf", "let", "for", "select"}
_WRAPPERS = {
    "sudo",
    "doas",
    "env",
    "exec",
    "nice",
    "ionice",
    "taskset",
    "numactl",
    "chrt",
    "setsid",
}
_WRAPPERS |= {"nohup", "stdbuf", "command", "unshare", "ip", "screen", "tmux", "setpriv", "timeout"}
_WRAPPERS |= {"prlimit", "gdb", "strace", "perf", "systemd-run", "setarch", "cgexec"}
_BLANKS = re.compile(r"[ \t\n]+")
_MAX_CHARACTERS = 300_000


def command_lines(source: Source) -> tuple[tuple[Argument | None, tuple[Argument, ...]], ...]:
    """Every QEMU command of the script as (program, arguments), in the order of the text.

    Where a script has none but its first word is an option, that is the one command, without a
    program.
    """
    return tuple(_Script(source).run())


class _Script:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.commands = commands(tokens(source))
        self.variables = Variables(list(self.all_assignments()))
        self.characters = 0
        self.order = 0
        self.frames: Frames = ()

    def all_assignments(self) -> Iterator[tuple[str, Frames, int]]:
        for order, command in enumerate(self.commands):
            for word in command.words:
                match = _assignment(word)
                if match is not None:
                    yield match[1], command.frames, order
                elif _head(command) in _SETTERS and word.bare:
                    yield word.bare, command.frames, order

    def run(self) -> Iterator[tuple[Argument | None, tuple[Argument, ...]]]:
        after_qemu = False
        for order, command in enumerate(self.commands):
            self.order, self.frames = order, command.frames
            evaluated = self.evaluated(command)
            if evaluated is not None:
                yield evaluated
            found = None if self.sets_variables(command) else self.qemu(command, order)
            if found is not None:
                yield found
            elif after_qemu and _first_text(command).startswith("-"):
                raise InputError(
                    f"'{_first_text(command)}' is not part of QEMU's command, which ended above",
                    advice="a line before it lacks its backslash, or is a comment",
                    place=self.source.position(command.words[0].offset),
                )
            after_qemu = found is not None

    def qemu(
        self, command: Command, order: int
    ) -> tuple[Argument | None, tuple[Argument, ...]] | None:
        head = self.fields(command.words[:1])
        if not head:
            return None
        if is_qemu(head[0]):
            words = self.fields(command.words)
            return words[0], words[1:]
        if may_be_qemu(head[0]) or head[0].text in _WRAPPERS or _assignment(command.words[0]):
            words = self.fields(command.words)
            for at, word in enumerate(words):
                # `sudo -u kvm`, `modprobe kvm`: QEMU is followed by an option.
                if (is_qemu(word) or may_be_qemu(word)) and _dash(words[at + 1 : at + 2]):
                    return word, words[at + 1 :]
        elif order == 0 and head[0].text.startswith("-"):
            return None, self.fields(command.words)
        return None

    def evaluated(self, command: Command) -> tuple[Argument | None, tuple[Argument, ...]] | None:
        """The QEMU command in `eval "…"`: its words are joined and read once more."""
        if _head(command) != "eval" or len(command.words) < 2:
            return None
        text = _Text(self.source, command.words[1].offset)
        for at, argument in enumerate(self.fields(command.words[1:])):
            if at:
                text.add_blank()
            text.add_argument(argument)
        joined = text.argument()

        def origin(offset: int) -> tuple[int, int]:
            place = joined.at(offset)
            return place.line, place.column

        # What is not known stands in the text as the file says it, and is met again.
        outer, self.source = self.source, Source(joined.text, joined.file, origin)
        try:
            for inner in commands(tokens(self.source)):
                found = self.qemu(inner, order=-1)
                if found is not None:
                    return found
        finally:
            self.source = outer
        return None

    def sets_variables(self, command: Command) -> bool:
        """Whether the command only sets variables; then that has been noted."""
        head = _head(command)
        if all(_assignment(word) for word in command.words):
            self.assign_all(command.words)
        elif head in _DECLARATIONS:
            self.assign_all([word for word in command.words[1:] if _assignment(word)])
        elif head in _SETTERS:
            self.forget(command.words[1:2] if head in {"for", "select"} else command.words[1:])
        elif head in {"source", ".", "eval"}:
            self.variables.forget_all(self.frames, self.source.position(command.words[0].offset))
        elif head == "set" and len(command.words) > 1 and command.words[1].bare == "--":
            place = self.source.position(command.words[0].offset)
            value = self.fields(command.words[2:])
            self.variables.assign(POSITIONAL, value, self.frames, place)
        elif head == "shift":
            place = self.source.position(command.words[0].offset)
            self.variables.forget(POSITIONAL, self.frames, place)
        else:
            return False
        return True

    def forget(self, words: Sequence[Word]) -> None:
        for word in words:
            match = _assignment(word)
            name = match[1] if match else word.bare or ""
            if name.isidentifier():
                self.variables.forget(name, self.frames, self.source.position(word.offset))

    def assign_all(self, words: Sequence[Word]) -> None:
        for word in words:
            match = _assignment(word)
            if match is not None:
                self.assign(word, match)

    def assign(self, word: Word, match: re.Match[str]) -> None:
        name, index, adds = match[1], match[2], match[3]
        place = self.source.position(word.offset)
        if index:
            self.variables.forget(name, self.frames, place)
        elif word.array is not None:
            value = self.fields(word.array)
            if adds:
                self.variables.extend(name, value, self.frames, self.order, place)
            else:
                self.variables.assign(name, value, self.frames, place)
        else:
            before = self.variables.lookup(name, self.frames, self.order) if adds else ()
            if isinstance(before, Unknown):
                self.variables.assign(name, before, self.frames, place)
            else:
                text = _Text(self.source, word.offset + match.end())
                for argument in before[:1]:
                    text.add_argument(argument)
                for part in _after(word, match.end()):
                    self.add_whole(text, part)
                self.count(text.length, word)
                self.variables.assign(name, (text.argument(),), self.frames, place)

    def add_whole(self, text: _Text, part: Part) -> None:
        """A part of a word that is not split into fields."""
        if isinstance(part, Literal):
            text.add_literal(part)
            return
        value = self.value(part)
        if isinstance(value, Unknown):
            text.add_unresolved(part, value.reason)
        else:
            for at, argument in enumerate(value):
                if at:
                    text.add_blank()
                text.add_argument(argument)

    def value(self, part: Expansion) -> Value | Unknown:
        if part.name is None:
            return Unknown("only the running shell knows")
        value = self.variables.lookup(part.name, self.frames, self.order)
        if isinstance(value, Unknown):
            return value
        # `$ARRAY` is its first element.
        value = value if part.every or part.name in {"@", "*"} else value[:1]
        if part.default is not None and not any(argument.text for argument in value):
            return Unknown("the default of an empty variable")
        return value

    def fields(self, words: Sequence[Word]) -> Value:
        """The words as the shell hands them to a program."""
        found: list[Argument] = []
        for word in words:
            for argument in self.expanded(word):
                self.count(len(argument.text) + 1, word)
                found.append(argument)
            if len(found) > MAX_ARGUMENTS + 1:
                self.count(_MAX_CHARACTERS, word)
        return tuple(found)

    def count(self, characters: int, word: Word) -> None:
        """Expansions double quickly: they end where no script of sense goes."""
        self.characters += characters
        if self.characters >= _MAX_CHARACTERS:
            raise InputError(
                "the script expands to too many arguments",
                place=self.source.position(word.offset),
            )

    def expanded(self, word: Word) -> Iterator[Argument]:
        text = _Text(self.source, word.offset)
        vanishes = False
        for part in word.parts:
            pieces = self.pieces(part)
            if pieces is None:
                self.add_whole(text, part)
                continue
            quoted = isinstance(part, Expansion) and part.quoted
            vanishes |= quoted and not pieces
            for at, argument in enumerate(pieces):
                if at and (quoted or text.touched):
                    yield text.argument()
                    text = _Text(self.source, word.offset)
                if quoted or argument.text:
                    text.add_argument(argument)
        # `"$@"` without arguments is no argument at all, though it is quoted.
        if text.touched and (text.length or not vanishes):
            yield text.argument()

    def pieces(self, part: Part) -> Value | None:
        """What a part contributes where it may end one field and begin the next, else None."""
        if isinstance(part, Literal) or (part.quoted and not part.every):
            return None
        value = self.value(part)
        if isinstance(value, Unknown):
            return None
        return value if part.quoted else tuple(_split(value))


def _assignment(word: Word) -> re.Match[str] | None:
    first = word.parts[0] if word.parts else None
    if isinstance(first, Literal) and not first.quoted:
        return _ASSIGNMENT.match(first.text)
    return None


def _after(word: Word, length: int) -> Iterator[Part]:
    """The parts of a word without its first `length` characters, which are unquoted."""
    first = word.parts[0]
    if isinstance(first, Literal):
        yield Literal(first.text[length:], first.offsets[length:], quoted=False)
    yield from word.parts[1:]


def _head(command: Command) -> str | None:
    return command.words[0].bare


def _first_text(command: Command) -> str:
    return _head(command) or ""


def _dash(words: Sequence[Argument]) -> bool:
    return any(word.text.startswith("-") for word in words)


def _split(value: Value) -> Iterator[Argument]:
    """An unquoted value parted at its blanks; a blank at an end gives an empty piece there."""
    for argument in value:
        start = 0
        for blank in _BLANKS.finditer(argument.text):
            if argument.unresolved_in(blank.start(), blank.end()) is None:
                yield argument.slice(start, blank.start())
                start = blank.end()
        yield argument.slice(start, len(argument.text))


class _Text:
    """An argument being put together from pieces, each with its places."""

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
        self.runs.extend(replace(run, start=run.start + self.length) for run in runs)
        self.text.append(text)
        self.length += len(text)

    def add_literal(self, part: Literal) -> None:
        self.touched = True
        self.add(part.text, runs_of([self.source.place(offset) for offset in part.offsets]))

    def add_blank(self) -> None:
        self.add(" ", self.runs[-1:])

    def add_argument(self, argument: Argument) -> None:
        self.touched = True
        self.unresolved.extend(
            replace(part, start=part.start + self.length, end=part.end + self.length)
            for part in argument.unresolved
        )
        self.add(argument.text, argument.runs)
        self.condition = self.condition or argument.condition

    def add_unresolved(self, part: Expansion, reason: str) -> None:
        self.touched = True
        end = self.length + len(part.source)
        self.unresolved.append(Unresolved(self.length, end, part.source, reason))
        offsets = range(part.offset, part.offset + len(part.source))
        self.add(part.source, runs_of([self.source.place(offset) for offset in offsets]))

    def argument(self) -> Argument:
        runs = tuple(self.runs) or runs_of([self.start])
        unresolved = tuple(self.unresolved)
        return Argument("".join(self.text), self.source.file, runs, unresolved, self.condition)
