"""The simple commands of a shell script, each with the compound commands it stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pciabi.vm.command_line.program import runs_texts
from pciabi.vm.command_line.shell_lexer import Operator, Token, Word
from pciabi.vm.command_line.shell_substitutions import substitutions
from pciabi.vm.command_line.source import Source

_REDIRECTIONS = {"<<<", "<<-", "<<", "&>>", "&>", ">>", "<&", ">&", "<>", ">|", "<", ">"}
_INPUTS = {"<<<", "<<-", "<<"}
_SKIPPED = {"!", "time", "coproc", "do"}


class Compound(StrEnum):
    """A construct whose commands need not run once and in this order."""

    BRANCH = "if"
    LOOP = "loop"
    CHOICE = "case"
    FUNCTION = "function"
    SUBSHELL = "subshell"
    AND_OR = "and-or list"
    SUBSTITUTION = "substitution"


_OPENERS: Mapping[str | None, tuple[str, Compound | None]] = {
    "if": ("fi", Compound.BRANCH),
    "while": ("done", Compound.LOOP),
    "until": ("done", Compound.LOOP),
    "for": ("done", Compound.LOOP),
    "select": ("done", Compound.LOOP),
    "{": ("}", None),
}


@dataclass(frozen=True)
class Frame:
    """One branch of a compound command; `offset` tells it from all others.

    `name` is a function's. `call` tells the frames of one call of a function from those of
    another.
    """

    kind: Compound
    offset: int
    name: str = ""
    call: tuple[int, ...] = ()


@dataclass(frozen=True)
class Command:
    """A simple command without its redirections, and the frames it stands in, outermost first.

    `inputs` are the words that say what it reads (here-documents and here-strings).
    `feeds_shell` says that a shell further on in its pipeline runs what it writes.
    """

    words: tuple[Word, ...]
    frames: tuple[Frame, ...]
    inputs: tuple[Word, ...] = ()
    feeds_shell: bool = False

    @property
    def head(self) -> str | None:
        """The text of the first word, None where the shell would substitute a part of it."""
        return self.words[0].bare


@dataclass
class _Level:
    """An open compound command; `frames` are those it adds."""

    closer: str
    frames: list[Frame]
    pending: Frame | None


def commands(source: Source, tokens: Sequence[Token]) -> tuple[Command, ...]:
    """Every simple command, in the order of the text. `for` and `case` heads count as such. The
    commands of a substitution stand before the one that it belongs to."""
    return tuple(_Parser(source, tokens, ()).run())


class _Parser:
    def __init__(self, source: Source, tokens: Sequence[Token], around: tuple[Frame, ...]) -> None:
        self.source = source
        self.tokens = tokens
        self.around = around
        self.at = 0
        self.levels: list[_Level] = []
        self.pending: Frame | None = None
        self.function: Frame | None = None
        self.words: list[Word] = []
        self.inputs: list[Word] = []
        self.writers: list[int] = []
        self.found: list[Command] = []

    def run(self) -> list[Command]:
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if isinstance(token, Operator):
                self.operator(token)
            elif self.words or not self.keyword(token):
                self.substituted(token)
                self.words.append(token)
        self.end_command()
        return self.found

    def frames(self) -> tuple[Frame, ...]:
        frames = [frame for level in self.levels for frame in level.frames]
        return (*self.around, *frames, self.pending) if self.pending else (*self.around, *frames)

    def substituted(self, word: Word) -> None:
        """The commands of a word's substitutions come before its own."""
        for offset, tokens in substitutions(self.source, word):
            around = (*self.frames(), Frame(Compound.SUBSTITUTION, offset))
            self.found.extend(_Parser(self.source, tokens, around).run())

    def end_command(self) -> None:
        if self.words:
            if any(runs_texts(word.bare) for word in self.words):
                for at in self.writers:
                    self.found[at] = replace(self.found[at], feeds_shell=True)
            self.found.append(Command(tuple(self.words), self.frames(), tuple(self.inputs)))
            self.words = []
        self.inputs = []

    def end_writer(self) -> None:
        """A command ends whose output the next one reads."""
        if self.words:
            self.end_command()
            self.writers.append(len(self.found) - 1)

    def operator(self, token: Operator) -> None:
        if token.text in _REDIRECTIONS:
            self.redirection(token)
        elif token.text == "(":
            self.parenthesis(token)
        elif token.text in {"&&", "||"}:
            self.end_command()
            self.writers = []
            self.pending = Frame(Compound.AND_OR, token.offset)
            self.skip_newlines()
        elif token.text in {"|", "|&"}:
            self.end_writer()
            self.skip_newlines()
        else:
            self.end_command()
            self.writers = []
            self.pending = None
            if token.text in {";;", ";&", ";;&"}:
                self.pattern()
            elif token.text == ")":
                self.close(")")

    def skip_newlines(self) -> None:
        while self.is_operator(self.at, "\n"):
            self.at += 1

    def is_operator(self, at: int, text: str) -> bool:
        token = self.tokens[at] if at < len(self.tokens) else None
        return isinstance(token, Operator) and token.text == text

    def redirection(self, token: Operator) -> None:
        number = self.words[-1] if self.words else None
        if number is not None and number.end == token.offset and (number.bare or "").isdecimal():
            self.words.pop()
        target = self.tokens[self.at] if self.at < len(self.tokens) else None
        if isinstance(target, Word):
            self.at += 1
            self.substituted(target)
            if token.text in _INPUTS:
                self.inputs.append(target)

    def parenthesis(self, token: Operator) -> None:
        if len(self.words) == 1 and self.is_operator(self.at, ")"):
            # `name ()`: the next compound command is its body.
            self.at += 1
            self.function = _function(self.words[0], token.offset)
            self.words = []
            self.skip_newlines()
        elif not self.words and self.is_operator(self.at, "("):
            self.skip_arithmetic()
        elif not self.words:
            self.open(")", Compound.SUBSHELL, token.offset)

    def skip_arithmetic(self) -> None:
        while self.at < len(self.tokens):
            self.at += 1
            if self.is_operator(self.at, ")") and self.is_operator(self.at + 1, ")"):
                self.at += 2
                return

    def open(self, closer: str, kind: Compound | None, offset: int) -> None:
        frames = [self.pending] if self.pending else []
        if self.function is not None:
            frames.append(self.function)
            self.function = None
        if kind is not None:
            frames.append(Frame(kind, offset))
        self.levels.append(_Level(closer, frames, self.pending))
        self.pending = None

    def close(self, closer: str) -> None:
        # A stray closer is the shell's own error to report.
        if self.levels and self.levels[-1].closer == closer:
            self.pending = self.levels.pop().pending

    def branch(self, kind: Compound, offset: int) -> None:
        """The next branch of the innermost compound command begins."""
        if self.levels and self.levels[-1].frames and self.levels[-1].frames[-1].kind is kind:
            self.levels[-1].frames[-1] = Frame(kind, offset)

    def keyword(self, word: Word) -> bool:
        """Whether the word at a command's beginning is a keyword; then it has been dealt with."""
        text = word.bare
        if text in _SKIPPED:
            if text == "coproc" and self.is_named_compound():
                self.at += 1
            return True
        if text in _OPENERS:
            self.open(*_OPENERS[text], word.offset)
            # What follows `for` names a variable that the loop sets.
            return text not in {"for", "select"}
        if text in {"then", "elif", "else"}:
            self.branch(Compound.BRANCH, word.offset)
        elif text in {"fi", "done", "esac", "}"}:
            self.close(text)
        elif text == "case":
            self.choice(word)
        elif text == "function":
            self.named_function(word)
        elif text == "[[":
            self.skip_past("]]")
        else:
            return False
        return True

    def is_named_compound(self) -> bool:
        """Whether a name stands in front of a compound command, as `coproc` has it."""
        name, body = (*self.tokens[self.at : self.at + 2], None, None)[:2]
        named = isinstance(name, Word) and (name.bare or "").isidentifier()
        compound = isinstance(body, Word) and body.bare in _OPENERS
        return named and (compound or self.is_operator(self.at + 1, "("))

    def named_function(self, word: Word) -> None:
        name = self.tokens[self.at] if self.at < len(self.tokens) else None
        self.function = _function(name, word.offset)
        self.at += 1
        if self.is_operator(self.at, "(") and self.is_operator(self.at + 1, ")"):
            self.at += 2
        self.skip_newlines()

    def skip_past(self, text: str) -> None:
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if isinstance(token, Word):
                self.substituted(token)
                if token.bare == text:
                    return

    def choice(self, word: Word) -> None:
        self.skip_past("in")
        self.open("esac", Compound.CHOICE, word.offset)
        self.pattern()

    def pattern(self) -> None:
        """Past the pattern of a case's next branch, `pattern)`, or up to `esac`."""
        if not self.levels or self.levels[-1].closer != "esac":
            return
        self.skip_newlines()
        start = self.tokens[self.at] if self.at < len(self.tokens) else None
        if isinstance(start, Word) and start.bare == "esac":
            return
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if isinstance(token, Operator) and token.text == ")":
                self.branch(Compound.CHOICE, token.offset)
                return


def _function(name: Token | None, offset: int) -> Frame:
    text = name.bare if isinstance(name, Word) else None
    return Frame(Compound.FUNCTION, offset, text or "")
