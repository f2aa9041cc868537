"""The words and operators of a shell script, by the shell's own quoting rules. Nothing is run.

What the shell would substitute (`$NAME`, `$(command)`) is kept as an `Expansion`; whoever knows
the variables resolves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pciabi.errors import InputError
from pciabi.vm.command_line.source import Source

# `<(…)` and `>(…)` are words: the shell puts a file name there.
_OPERATOR = re.compile(
    r"<<<|<<-|&>>|;;&|&&|\|\||;;|;&|<<|>>|<&|>&|<>|>\||&>|\|&|[;&|()]|[<>](?!\()"
)
_BLANKS = " \t"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_BRACED = re.compile(
    r"(?P<length>#(?=[A-Za-z_]))?(?P<name>[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*])"
    r"(?P<index>\[[^\]]*\])?(?P<default>:?-(?P<value>.*))?",
    re.DOTALL,
)
_BRACES = re.compile(r"\{(?:[^\s{};&|<>()$]|\$\{[^{}\s]*+\}|\$(?!\{))*+\}")
# All arguments from one on; and what old shells need for all of them.
_FROM = re.compile(r"([@*]):[ \t]*([1-9][0-9]{0,3})")
_IF_ANY = {'1+"$@"', '@+"$@"'}
_ANSI_C = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r"}
_ANSI_C |= {"t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"', "?": "?"}
_ANSI_C_NUMBER = re.compile(r"x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|([0-7]{1,3})")
_MAX_NESTING = 100


@dataclass(frozen=True)
class Literal:
    """Characters that stand for themselves, each with its offset in the source."""

    text: str
    offsets: tuple[int, ...]
    quoted: bool


@dataclass(frozen=True)
class Expansion:
    """Something the shell substitutes.

    `name` is the variable, None for a command substitution or arithmetic or an operation on a
    variable that is not followed here. `every` says that each element becomes a word (`[@]`).
    `default` is the text after `:-`. `first` is the number of the first element (`${@:2}`).
    """

    source: str
    offset: int
    name: str | None
    quoted: bool
    every: bool = False
    default: str | None = None
    first: int = 1


Piece = Literal | Expansion


@dataclass(frozen=True)
class Word:
    """A word as it is written, `source.text[offset:end]`.

    `array` are the elements of `NAME=(…)`, None for all others. `document` is where the text of
    the here-document stands that the word ends, as a pair of offsets.
    """

    parts: tuple[Piece, ...]
    offset: int
    end: int
    array: tuple[Word, ...] | None = None
    document: tuple[int, int] | None = None

    @property
    def bare(self) -> str | None:
        """The text of a word with neither quotes nor expansions, as keywords must be."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Literal) and not self.parts[0].quoted:
            return self.parts[0].text
        return None


@dataclass(frozen=True)
class Operator:
    """An operator of the shell's grammar; a line end is the operator `\\n`."""

    text: str
    offset: int


Token = Word | Operator


def tokens(source: Source) -> tuple[Token, ...]:
    """The whole text as tokens. Raises InputError for a quote that is never closed."""
    return tuple(_Lexer(source).all())


def tokens_in(source: Source, start: int, until: str) -> tuple[Token, ...]:
    """The tokens from an offset on up to an operator. Raises InputError."""
    lexer = _Lexer(source)
    lexer.at = start
    return tuple(lexer.all(until))


def tokens_between(source: Source, start: int, end: int) -> tuple[Token, ...]:
    """The tokens of a part of a text, each at its place in the whole. Raises InputError."""
    lexer = _Lexer(source)
    lexer.text, lexer.at = source.text[:end], start
    return tuple(lexer.all())


class _Parts:
    """A word being put together."""

    def __init__(self) -> None:
        self.parts: list[Piece] = []
        self.chars: list[str] = []
        self.offsets: list[int] = []
        self.quoted = False

    def add(self, char: str, offset: int, *, quoted: bool) -> None:
        if self.chars and quoted != self.quoted:
            self.flush()
        self.quoted = quoted
        self.chars.append(char)
        self.offsets.append(offset)

    def empty_quotes(self) -> None:
        self.flush()
        self.parts.append(Literal("", (), quoted=True))

    def expand(self, expansion: Expansion) -> None:
        self.flush()
        self.parts.append(expansion)

    def flush(self) -> None:
        if self.chars:
            self.parts.append(Literal("".join(self.chars), tuple(self.offsets), self.quoted))
            self.chars, self.offsets = [], []


class _Lexer:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self.heredocs: list[tuple[str, bool, int]] = []
        self.documents: dict[int, tuple[int, int]] = {}
        self.nesting = 0

    def all(self, until: str = "") -> Iterator[Token]:
        """Every token, each here-document with the word that ends it."""
        for token in self.run(until):
            if isinstance(token, Word) and token.offset in self.documents:
                yield replace(token, document=self.documents[token.offset])
            else:
                yield token

    def run(self, until: str) -> list[Token]:
        """Tokens up to the operator `until` (which is eaten), or the end of the text."""
        found: list[Token] = []
        opened = self.at
        while True:
            self.skip_blanks()
            if self.at >= len(self.text):
                if until:
                    raise InputError("'(' is never closed", place=self.source.position(opened))
                return found
            operator = self.newline() or self.operator()
            if operator is None:
                word = self.word()
                self.note_heredoc(found, word)
                found.append(word)
            elif until and operator.text == until:
                return found
            else:
                found.append(operator)

    def skip_blanks(self) -> None:
        text = self.text
        while self.at < len(text):
            if text[self.at] in _BLANKS:
                self.at += 1
            elif text.startswith("\\\n", self.at):
                self.at += 2
            elif text[self.at] == "#":
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            else:
                return

    def newline(self) -> Operator | None:
        if self.text[self.at] != "\n":
            return None
        found = Operator("\n", self.at)
        self.at += 1
        while self.heredocs:
            delimiter, tabs, word = self.heredocs.pop(0)
            start = self.at
            end = self.skip_heredoc(delimiter, tabs=tabs)
            self.documents[word] = (start, end)
        return found

    def skip_heredoc(self, delimiter: str, *, tabs: bool) -> int:
        """Past a here-document; where its last line ends."""
        while self.at < len(self.text):
            end = self.text.find("\n", self.at)
            end = len(self.text) if end < 0 else end
            start, line = self.at, self.text[self.at : end]
            self.at = end + 1
            if (line.lstrip("\t") if tabs else line) == delimiter:
                return start
        self.at = len(self.text)
        return self.at

    def note_heredoc(self, before: list[Token], token: Word) -> None:
        last = before[-1] if before else None
        if not isinstance(last, Operator) or last.text not in {"<<", "<<-"}:
            return
        if not _is_arithmetic(before):
            text = "".join(
                part.text if isinstance(part, Literal) else part.source for part in token.parts
            )
            self.heredocs.append((text, last.text == "<<-", token.offset))

    def operator(self) -> Operator | None:
        match = _OPERATOR.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return Operator(match[0], match.start())

    def word(self) -> Word:
        start = self.at
        word = _Parts()
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in "<>" and self.text.startswith("(", self.at + 1):
                word.expand(self.opaque(self.at, self.at + 2, ")"))
            elif char in " \t\n;&|<>()":
                if char == "(" and self.begins_array(word):
                    return self.array(word, start)
                break
            elif char == "\\":
                self.backslash(word)
            elif char == "'":
                self.single_quotes(word)
            elif char == '"':
                self.double_quotes(word)
            elif char == "$" or char == "`":
                self.dollar(word, quoted=False)
            elif (braces := self.braces()) is not None:
                word.expand(braces)
            else:
                word.add(char, self.at, quoted=False)
                self.at += 1
        word.flush()
        return Word(tuple(word.parts), start, self.at)

    def braces(self) -> Expansion | None:
        """`{a,b}` and `{1..3}`, of which bash makes several words and dash none."""
        match = _BRACES.match(self.text, self.at)
        if match is None or not ("," in match[0] or ".." in match[0]):
            return None
        self.at = match.end()
        return Expansion(match[0], match.start(), None, quoted=False)

    @staticmethod
    def begins_array(word: _Parts) -> bool:
        return (
            not word.parts
            and not word.quoted
            and re.fullmatch(r"[A-Za-z_]\w*\+?=", "".join(word.chars), re.ASCII) is not None
        )

    def array(self, word: _Parts, start: int) -> Word:
        self.at += 1
        self.nested(start)
        elements = [token for token in self.run(until=")") if isinstance(token, Word)]
        self.nesting -= 1
        word.flush()
        return Word(tuple(word.parts), start, self.at, tuple(elements))

    def nested(self, start: int) -> None:
        self.nesting += 1
        if self.nesting > _MAX_NESTING:
            raise InputError("nested too deeply", place=self.source.position(start))

    def backslash(self, word: _Parts) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if following != "\n":
            # A backslash at the very end of the text stands for itself.
            word.add(following or "\\", self.at + 1 if following else self.at, quoted=True)
        self.at += 2

    def closing(self, quote: str, start: int) -> int:
        end = self.text.find(quote, start)
        if end < 0:
            raise InputError(
                f"the quote {quote} is never closed", place=self.source.position(start - 1)
            )
        return end

    def single_quotes(self, word: _Parts) -> None:
        start = self.at + 1
        end = self.closing("'", start)
        word.empty_quotes()
        for offset in range(start, end):
            word.add(self.text[offset], offset, quoted=True)
        self.at = end + 1

    def double_quotes(self, word: _Parts) -> None:
        opened = self.at
        word.empty_quotes()
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in {"\n", '"', "\\", "$", "`"}:
                self.backslash(word)
            elif char in "$`":
                self.dollar(word, quoted=True)
            else:
                word.add(char, self.at, quoted=True)
                self.at += 1
        raise InputError('the quote " is never closed', place=self.source.position(opened))

    def dollar(self, word: _Parts, *, quoted: bool) -> None:
        start, text = self.at, self.text
        if text[start] == "`":
            word.expand(self.opaque(start, start + 1, "`", quoted=quoted))
        elif text.startswith("$((", start):
            word.expand(self.opaque(start, start + 3, "))", quoted=quoted))
        elif text.startswith("$(", start):
            word.expand(self.opaque(start, start + 2, ")", quoted=quoted))
        elif text.startswith("${", start):
            word.expand(self.braced(start, quoted=quoted))
        elif text.startswith("$'", start) and not quoted:
            self.ansi_c_quotes(word)
        elif text.startswith('$"', start) and not quoted:
            self.at += 1
            self.double_quotes(word)
        elif (match := _NAME.match(text, start + 1)) is not None:
            self.at = match.end()
            name = match[0]
            word.expand(Expansion(f"${name}", start, name, quoted, every=name == "@"))
        else:
            word.add("$", start, quoted=quoted)
            self.at += 1

    def opaque(self, start: int, inside: int, closer: str, *, quoted: bool = False) -> Expansion:
        """A substitution nobody looks into: skipped to its end, quotes and nesting minded."""
        self.at = inside
        self.nested(start)
        while self.at < len(self.text):
            if self.text.startswith(closer, self.at):
                self.at += len(closer)
                self.nesting -= 1
                return Expansion(self.text[start : self.at], start, None, quoted)
            char = self.text[self.at]
            if char == "\\":
                self.at += 2
            elif char == "'" and closer != "`" and not (closer == "}" and quoted):
                self.at = self.closing("'", self.at + 1) + 1
            elif char == '"' and closer != "`":
                self.double_quotes(_Parts())
            elif char in "$`" and char != closer:
                self.dollar(_Parts(), quoted=False)
            elif char == "#" and closer == ")" and self.text[self.at - 1] in " \t\n":
                self.skip_blanks()
            elif char == "(":
                self.opaque(self.at, self.at + 1, ")")
            else:
                self.at += 1
        raise InputError(
            f"'{self.text[start:inside]}' is never closed", place=self.source.position(start)
        )

    def braced(self, start: int, *, quoted: bool) -> Expansion:
        whole = self.opaque(start, start + 2, "}", quoted=quoted)
        inside = whole.source[2:-1]
        if inside in _IF_ANY:
            return Expansion(whole.source, start, "@", quoted=True, every=True)
        if (later := _FROM.fullmatch(inside)) is not None:
            return Expansion(
                whole.source, start, later[1], quoted, every=later[1] == "@", first=int(later[2])
            )
        match = _BRACED.fullmatch(inside)
        if match is None or match["length"]:
            return whole
        name = match["name"]
        index = match["index"]
        every = index in {"[@]", "[*]"} or name == "@"
        if index is not None and not every:
            return whole
        return Expansion(whole.source, start, name, quoted, every, match["value"])

    def ansi_c_quotes(self, word: _Parts) -> None:
        opened = self.at
        word.empty_quotes()
        self.at += 2
        while self.at < len(self.text):
            char, offset = self.text[self.at], self.at
            if char == "'":
                self.at += 1
                return
            if char == "\\":
                number = _ANSI_C_NUMBER.match(self.text, self.at + 1)
                letter = self.text[self.at + 1 : self.at + 2]
                if number is not None:
                    self.at = number.end()
                    value = int(number[1] or number[2] or "0", 16) or int(number[3] or "0", 8)
                    char = chr(value & 0xFF if number[3] else value)
                    char = "\ufffd" if "\ud800" <= char <= "\udfff" else char
                elif letter in _ANSI_C:
                    char = _ANSI_C[letter]
                    self.at += 2
                else:
                    self.at += 1
            else:
                self.at += 1
            word.add(char, offset, quoted=True)
        raise InputError("the quote $' is never closed", place=self.source.position(opened))


def _is_arithmetic(before: Sequence[Token]) -> bool:
    """Whether what follows stands in `((…))`, where `<<` is a shift."""
    signs = [token for token in reversed(before) if isinstance(token, Operator)]
    for second, first in pairwise(signs):
        if second.offset == first.offset + 1 and first.text == second.text:
            if first.text == ")":
                return False
            if first.text == "(":
                return True
    return False
