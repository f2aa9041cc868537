"""QEMU's command lines in a shell script: commands followed as far as reading can tell.

A script is read twice. The first reading records when which variable is assigned, and which
functions are called; the second one then knows what a loop may change before it runs once more.
A function runs where it is called, with the arguments of that call; one that nothing calls is
read where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import MappingProxyType

from pciabi.errors import InputError, SourcePosition
from pciabi.vm.command_line import shell_net
from pciabi.vm.command_line.argument import OWN_ARGUMENTS, Argument
from pciabi.vm.command_line.found import Found
from pciabi.vm.command_line.may_start_qemu import is_quiet
from pciabi.vm.command_line.option import Manner
from pciabi.vm.command_line.program import in_words, is_qemu, may_start_it
from pciabi.vm.command_line.shell_assignments import Assignments, assignment, without_assignments
from pciabi.vm.command_line.shell_expansion import Budget, Expansions
from pciabi.vm.command_line.shell_functions import Function, Functions, enclosing
from pciabi.vm.command_line.shell_lexer import Word, tokens
from pciabi.vm.command_line.shell_net import Net
from pciabi.vm.command_line.shell_syntax import Command, Compound, Frame, commands
from pciabi.vm.command_line.shell_text import Text
from pciabi.vm.command_line.shell_variables import (
    POSITIONAL,
    UNCALLED,
    Assignment,
    Frames,
    Time,
    Value,
    Variables,
)
from pciabi.vm.command_line.source import Source

_MAX_CALLS = 50
_MAX_TEXTS = 10
# What a command costs of the characters that a script may expand to.
_COMMAND_COST = 20


def within(argument: Argument) -> Source:
    """The text of an argument that is a script itself, each character at its old place.

    What is not known stands in it as the file says it, and is met again.
    """

    def origin(offset: int) -> tuple[int, int]:
        place = argument.at(offset)
        return place.line, place.column

    return Source(argument.text, argument.file, origin)


def command_lines(
    source: Source, environment: Mapping[str, Value] = MappingProxyType({}), depth: int = 0
) -> tuple[Found, ...]:
    """Every QEMU command of the script, in the order in which they run; `environment` are the
    variables that it is started with.

    Where a script has none but its first word is an option, that is the one command, without a
    program. The same command with the same arguments counts once, however often it is called.
    """
    script = _Script(source, environment)
    uncalled = script.uncalled()
    first = _Reading(script, uncalled, ())
    first.run()
    second = _Reading(script, uncalled, first.variables.recorded)
    found = second.run()
    return tuple(dict.fromkeys(line for each in found for line in followed(each, depth)))


def followed(found: Found, depth: int = 0) -> Iterator[Found]:
    """A command as it is; of a text that may be a script its commands, and where there are none
    for certain the place in it that names QEMU."""
    if found.manner is not Manner.TEXT:
        yield found
        return
    text, *arguments = found.arguments
    inner: tuple[Found, ...] = ()
    if depth < _MAX_TEXTS:
        with suppress(InputError):
            inner = command_lines(within(text), {POSITIONAL: tuple(arguments)}, depth + 1)
    if not any(each.program is not None for each in inner):
        inner = tuple(shell_net.unread_in(text, found.called_at))
    for each in inner:
        manner = Manner.WITHIN if each.manner is Manner.WRITTEN else each.manner
        yield replace(each, called_at=found.called_at, manner=manner)


class _Script:
    """The commands of a script, and its functions."""

    def __init__(self, source: Source, environment: Mapping[str, Value]) -> None:
        self.source = source
        self.environment = environment
        self.commands = commands(source, tokens(source))
        self.functions = Functions(self.commands)
        self.dispatches = False

    def uncalled(self) -> frozenset[Frame]:
        """The functions that are read where they stand: none of the others calls them."""
        if not self.functions.all:
            return frozenset()
        reading = _Reading(self, frozenset(), ())
        reading.run()
        self.dispatches = reading.dispatches
        # One that was called under its name may have taken the place of another.
        names = {frame.name for frame in reading.called}
        left = [function for function in self.functions.all if function.frame.name not in names]
        budget = Budget()
        try:
            reached = {function.frame: self._called_by(function, budget) for function in left}
        except InputError:
            return frozenset(function.frame for function in left)
        roots = reached.keys() - {
            frame for caller, called in reached.items() for frame in called - {caller}
        }
        seen = roots.union(*(reached[frame] for frame in roots))
        for frame in reached:
            # Two that call each other, and nobody else either.
            if frame not in seen:
                roots.add(frame)
                seen |= {frame, *reached[frame]}
        return frozenset(roots)

    def _called_by(self, function: Function, budget: Budget) -> set[Frame]:
        reading = _Reading(self, frozenset(), (), budget)
        for _ in reading.run_body(function, (function.order,), (*function.around, function.frame)):
            pass
        return reading.called - {function.frame}


class _Reading:
    """One pass over a script; `uncalled` are the functions that are read where they stand."""

    def __init__(
        self,
        script: _Script,
        uncalled: frozenset[Frame],
        later: Sequence[Assignment],
        budget: Budget | None = None,
    ) -> None:
        self.script = script
        self.uncalled = uncalled
        # A function that the script's own arguments name gets the rest of them.
        self.variables = Variables(later, OWN_ARGUMENTS if script.dispatches else UNCALLED)
        self.dispatches = False
        self.expansions = Expansions(script.source, self.variables, budget or Budget())
        self.assignments = Assignments(self.expansions, self.variables)
        for name, value in script.environment.items():
            self.variables.assign(name, value, (), SourcePosition(script.source.file, 1))
        self.net = Net(self.expansions)
        self.called: set[Frame] = set()
        self.running: list[Frame] = []
        self.called_at: SourcePosition | None = None
        self.after_qemu = False

    def position(self, word: Word) -> SourcePosition:
        """Where a word stands."""
        return self.expansions.source.position(word.offset)

    def run(self) -> list[Found]:
        """All QEMU commands, each once."""
        found: list[Found] = []
        for order, command in enumerate(self.script.commands):
            function = enclosing(command)
            if function is None or not function.name or function in self.uncalled:
                self.running = [] if function is None else [function]
                found.extend(self.execute(command, (order,), command.frames))
        return list(dict.fromkeys(found))

    def execute(self, command: Command, time: Time, frames: Frames) -> Iterator[Found]:
        self.variables.now, self.expansions.frames = time, frames
        if command.head == "eval":
            yield from self.evaluated(command, time, frames)
            self.after_qemu = False
            return
        if self.assignments.sets_variables(command):
            self.after_qemu = False
            return
        functions = self.functions(command)
        if functions:
            yield from self.call(command, functions, time, frames)
            return
        found = self.qemu(command)
        if found is not None:
            within_another = any(frame.kind is Compound.SUBSTITUTION for frame in frames)
            yield replace(found, manner=Manner.WITHIN) if within_another else found
        elif self.after_qemu and (command.head or "").startswith("-"):
            raise InputError(
                f"'{command.head}' is not part of QEMU's command, which ended above",
                advice="a line before it lacks its backslash, or is a comment",
                place=self.position(command.words[0]),
            )
        else:
            yield from self.caught(command)
        self.after_qemu = found is not None

    def caught(self, command: Command) -> Iterator[Found]:
        """What a command may start that is no QEMU command itself."""
        for found in self.net.caught(command):
            yield replace(found, called_at=self.called_at)

    def functions(self, command: Command) -> tuple[Function, ...]:
        """The functions that a command calls; none that runs already calls itself."""
        words = without_assignments(command) if self.script.functions.all else ()
        head = self.expansions.fields(words[:1])
        if head and not enclosing(command):
            self.dispatches |= any(p.reason == OWN_ARGUMENTS for p in head[0].unresolved)
        if not head or head[0].unresolved:
            return ()
        meant = self.script.functions.meant(
            head[0].text, self.variables.now[0], self.expansions.frames
        )
        return tuple(function for function in meant if function.frame not in self.running)

    def call(
        self, command: Command, functions: Sequence[Function], time: Time, frames: Frames
    ) -> Iterator[Found]:
        if len(self.running) >= _MAX_CALLS:
            raise InputError(
                "functions call each other too deeply", place=self.position(command.words[0])
            )
        words = without_assignments(command)
        arguments = self.expansions.fields(words)[1:]
        outer = self.called_at
        self.called_at = outer or self.position(words[0])
        for number, function in enumerate(functions):
            with self.variables.scope(), self.reading(self.script.source):
                self.variables.make_local(POSITIONAL)
                self.variables.assign(POSITIONAL, arguments, frames, self.called_at)
                for word in command.words[: len(command.words) - len(words)]:
                    self.assignments.assign_locally(word)
                yield from self.run_body(function, (*time, number), frames)
            self.variables.now, self.expansions.frames = time, frames
        self.called_at = outer

    def run_body(self, function: Function, time: Time, frames: Frames) -> Iterator[Found]:
        self.called.add(function.frame)
        self.running.append(function.frame)
        for order, command in enumerate(function.body):
            self.expansions.count(_COMMAND_COST, command.words[0])
            inner = tuple(replace(frame, call=time) for frame in command.frames)
            yield from self.execute(command, (*time, order), (*frames, *inner))
        self.running.pop()

    @contextmanager
    def reading(self, source: Source) -> Iterator[None]:
        """The words that are read stand in this text."""
        outer, self.expansions.source = self.expansions.source, source
        try:
            yield
        finally:
            self.expansions.source = outer

    def qemu(self, command: Command) -> Found | None:
        fields = self.expansions.fields
        # `$SUDO qemu-system-x86_64`, and SUDO is empty: the next word is the first.
        head = next((found[0] for word in command.words if (found := fields((word,)))), None)
        if head is None:
            return None
        if head.text in self.net.aliases:
            words = self.net.unaliased(head.text, command.words)
            at = in_words(words)
            return None if at is None else Found(words[at], words[at + 1 :], self.called_at)
        if is_qemu(head):
            words = fields(command.words)
            return Found(words[0], words[1:], self.called_at)
        if head.unresolved or may_start_it(head) or assignment(command.words[0]):
            words = fields(command.words)
            at = None if is_quiet(words) else in_words(words)
            return None if at is None else Found(words[at], words[at + 1 :], self.called_at)
        if self.variables.now == (0,) and head.text.startswith("-"):
            return Found(None, fields(command.words))
        return None

    def evaluated(self, command: Command, time: Time, frames: Frames) -> Iterator[Found]:
        """The commands in `eval "…"`: its words are joined and read once more."""
        text = Text(self.expansions.source, command.words[0].offset)
        for at, argument in enumerate(self.expansions.fields(command.words[1:])):
            if at:
                text.add_blank()
            text.add_argument(argument)
        joined = text.argument()
        followed = not joined.unresolved
        inner_source = within(joined)
        with self.reading(inner_source):
            for inner in commands(inner_source, tokens(inner_source)):
                functions = self.functions(inner)
                found = None if functions else self.qemu(inner)
                if found is not None:
                    yield found
                elif functions:
                    yield from self.call(inner, functions, time, frames)
                elif not self.assignments.sets_variables(inner):
                    followed = False
                    yield from self.caught(inner)
        if not followed:
            self.variables.forget_everything(frames, self.position(command.words[0]))
