"""A QEMU command line as options with their arguments, each with its place in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pciabi.errors import InputError, SourcePosition
from pciabi.vm.command_line.argument import OWN_ARGUMENTS, Argument, plain
from pciabi.vm.command_line.option_table import TAKES_ARGUMENT

MAX_ARGUMENTS = 10_000

DISK_IMAGE = "disk image"
"""The name of the option that is none: an argument without a dash is IDE disk 0."""

OPEN = "unresolved"
"""The name of an option that only a run of the script would tell."""

# A script is taken as it is run without arguments: these words are then none.
_ALL_ARGUMENTS = {"$@", "${@}", "$*", "${*}", '${1+"$@"}', '${@+"$@"}'}
_SAME = {"M": "machine", "h": "help"}


class Manner(StrEnum):
    """How a command line was found. `WRITTEN`: as a command of the text. `WITHIN`: within another
    one, which was followed (`$(…)`, `sh -c`, the words of `chroot`). `UNREAD`: something that may
    start a QEMU, and was not followed. `TEXT`: a text that may be a script, not read yet."""

    WRITTEN = "written"
    WITHIN = "within"
    UNREAD = "unread"
    TEXT = "text"


@dataclass(frozen=True)
class Option:
    """One option: QEMU's name for it without dashes (`machine` for `-M`), and its argument.

    `word` is the argument that names it, as written (`--device`). `known` is False for an
    option that no recorded QEMU has; nothing tells then whether it takes an argument.
    """

    name: str
    word: Argument
    value: Argument | None
    known: bool = True

    @property
    def position(self) -> SourcePosition:
        """Where the option begins."""
        return self.word.position

    @property
    def condition(self) -> SourcePosition | None:
        """The place of the condition it depends on, None for an option that is always there."""
        return self.word.condition or (self.value.condition if self.value else None)

    @property
    def written(self) -> str:
        """The option and its argument as QEMU gets them, for messages."""
        return f"{self.word.text} {self.value.text}" if self.value else self.word.text


@dataclass(frozen=True)
class QemuCommandLine:
    """A command line: the program (None where only options were given) and its options.

    `is_part` says that others belong to it that are written elsewhere. `called_at` is where a
    script calls the function that starts it, None where it does not stand in one.
    """

    program: Argument | None
    options: tuple[Option, ...]
    file: str
    is_part: bool = False
    called_at: SourcePosition | None = None
    manner: Manner = Manner.WRITTEN

    def named(self, *names: str) -> tuple[Option, ...]:
        """The options of these names, in order."""
        return tuple(option for option in self.options if option.name in names)

    @property
    def start(self) -> SourcePosition:
        """Where it begins."""
        first = self.program or (self.options[0].word if self.options else None)
        return first.position if first is not None else SourcePosition(self.file, 1)

    @property
    def open_options(self) -> tuple[Option, ...]:
        """The options of which only a run would tell what they are."""
        return self.named(OPEN)

    def on_machine(self, name: str) -> QemuCommandLine:
        """The same with another machine type; what else `-machine` says stays."""
        # Of several types QEMU takes the last, and it merges the rest.
        word, value = (plain(text, "--machine", 1) for text in ("-machine", name))
        return replace(self, options=(*self.options, Option("machine", word, value)))

    @property
    def asks_for_help(self) -> bool:
        """Whether QEMU would print something and end instead of starting a machine."""
        return any(
            option.name in {"help", "version", "audio-help"}
            or (option.value is not None and _is_help(option.value.text))
            for option in self.options
        )


def _is_help(text: str) -> bool:
    return text in {"help", "?"} or text.endswith((",help", "=help", ",?", "=?"))


def parse(program: Argument | None, words: Sequence[Argument], file: str) -> QemuCommandLine:
    """The words after the program as options, by QEMU's own table of which take an argument."""
    if len(words) > MAX_ARGUMENTS:
        raise InputError(
            f"more than {MAX_ARGUMENTS} arguments", place=words[MAX_ARGUMENTS].position
        )
    options: list[Option] = []
    rest = iter(words)
    for word in rest:
        if _is_of_the_script(word):
            continue
        if word.unresolved and word.unresolved[0].start == 0:
            options.append(Option(OPEN, word, None))
        elif not word.text.startswith("-"):
            options.append(Option(DISK_IMAGE, word, word))
        else:
            # QEMU takes `--device` for `-device`, and `-M` for `-machine`.
            name = word.text[2:] if word.text.startswith("--") else word.text[1:]
            takes = TAKES_ARGUMENT.get(name)
            value = next(rest, None) if takes else None
            if takes and value is None:
                raise InputError(f"{word.text} needs an argument", place=word.position)
            options.append(Option(_SAME.get(name, name), word, value, takes is not None))
    return QemuCommandLine(program, tuple(options), file)


def _is_of_the_script(word: Argument) -> bool:
    own = any(part.reason == OWN_ARGUMENTS for part in word.unresolved)
    return own and word.text in _ALL_ARGUMENTS
