"""The net below the shell's reader: QEMUs that commands start which are not followed.

What is certain is read as a command of its own: the words of another command from QEMU's program
on, a text that a shell runs. The rest is told at its place as something that may start a QEMU.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from pciabi.errors import SourcePosition
from pciabi.vm.command_line import may_start_qemu
from pciabi.vm.command_line.argument import Argument, Unresolved
from pciabi.vm.command_line.found import Found, unread
from pciabi.vm.command_line.option import Manner
from pciabi.vm.command_line.program import is_qemu, name_of, runs_texts
from pciabi.vm.command_line.shell_assignments import without_assignments
from pciabi.vm.command_line.shell_expansion import Budget, Expansions, split
from pciabi.vm.command_line.shell_lexer import Word
from pciabi.vm.command_line.shell_syntax import Command
from pciabi.vm.command_line.shell_variables import Value

_MAX_CHARACTERS = 3_000_000
# Of a text with very many the first are enough.
_MAX_TOLD = 20
_IN_A_TEXT = "it stands in a text that something else may run"
_IN_A_VARIABLE = "its arguments are QEMU's, so that it may start one"


class Net:
    """Looks at the commands that are none of QEMU's and set no variables."""

    def __init__(self, expansions: Expansions) -> None:
        self.expansions = expansions
        # Commands that are only looked at take nothing of what those that are read may expand to.
        self._budget = Budget(_MAX_CHARACTERS)
        # What `alias` defines that begins with QEMU's program.
        self.aliases: dict[str, Argument] = {}

    def unaliased(self, name: str, words: Sequence[Word]) -> Value:
        """The words of a command that an alias begins."""
        return (*split((self.aliases[name],)), *self.expansions.fields(words)[1:])

    def caught(self, command: Command) -> Iterator[Found]:
        """What a command may start."""
        written = without_assignments(command)
        if not written:
            return
        words = self._words(written)
        if words and (command.feeds_shell or not may_start_qemu.is_quiet(words)):
            yield from caught(words)
            if words[0].text == "alias":
                self._note_aliases(words[1:])
            for word in command.inputs:
                yield from _text(self._input(word))

    def _words(self, written: Sequence[Word]) -> Value:
        """All words where there may be something in them, otherwise the first."""
        text = self.expansions.source.text[written[0].offset : written[-1].end]
        worth_it = may_start_qemu.may_hold_one(text) or written[0].bare == "alias"
        looked_at = written if worth_it else written[:1]
        with self.expansions.counted(self._budget):
            return self.expansions.fields(looked_at)

    def _note_aliases(self, words: Sequence[Argument]) -> None:
        for word in words:
            name, equals, value = word.text.partition("=")
            begin = word.slice(len(name) + 1, len(word.text))
            if equals and value and is_qemu(next(split((begin,)))):
                self.aliases[name] = begin

    def _input(self, word: Word) -> Argument:
        if word.document is None:
            return self.expansions.joined(word, word.parts, word.offset, ())
        start, end = word.document
        text = self.expansions.source.text[start:end]
        return self.expansions.source.argument(text, tuple(range(start, end)), start)


def caught(words: Sequence[Argument]) -> Iterator[Found]:
    """What the words of a command may start."""
    at = may_start_qemu.program_in(words)
    if at is not None:
        arguments = may_start_qemu.arguments_behind(words, at)
        if "xargs" in {name_of(word) for word in words[:at]}:
            arguments = (*arguments, _appended(words[at]))
        yield Found(words[at], arguments, manner=Manner.WITHIN)
        return
    at = may_start_qemu.open_program(words)
    if at is not None:
        yield unread(words[at], 0, len(words[at].text), _IN_A_VARIABLE)
        return
    for at, word in enumerate(words):
        is_script = at > 1 and words[at - 1].text.endswith("c") and runs_texts(words[0].text)
        yield from _text(word, *(words[at + 2 :] if is_script else ()))


def _appended(program: Argument) -> Argument:
    """What `xargs` adds behind the arguments that are written."""
    open_part = Unresolved(0, len(program.text), "xargs", "it adds what it reads", splits=True)
    return replace(program, unresolved=(open_part,))


def _text(word: Argument, *arguments: Argument) -> Iterator[Found]:
    whole = " ".join((word.text, *(argument.text for argument in arguments)))
    named = may_start_qemu.programs_in_text(whole)
    # The commands of a substitution were read already.
    if any(at < len(word.text) and not _is_substituted(word, at) for at in named):
        yield Found(None, (word, *arguments), manner=Manner.TEXT)


def _is_substituted(word: Argument, at: int) -> bool:
    part = word.unresolved_in(at, at + 1)
    return part is not None and part.source.startswith(("$(", "<(", ">(", "`"))


def unread_in(text: Argument, called_at: SourcePosition | None) -> Iterator[Found]:
    """The programs in a text of which nobody knows who runs it."""
    for at in islice(may_start_qemu.programs_in_text(text.text), _MAX_TOLD):
        end = may_start_qemu.program_end(text.text, at)
        yield replace(unread(text, at, end, _IN_A_TEXT), called_at=called_at)
