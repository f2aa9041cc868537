"""Words and variables by systemd's rules, which are not a shell's.

Sources: systemd.syntax(7), "Quoting"; systemd.service(5), "Command lines"; systemd.exec(5),
"Environment". Tried with systemd's own functions in mind: quotes may stand within a word, escapes
are C's, and variables are put in after words have been parted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pciabi.errors import InputError
from pciabi.vm.command_line.argument import Argument, Unresolved
from pciabi.vm.command_line.shell_text import Text
from pciabi.vm.command_line.shell_variables import Unknown
from pciabi.vm.command_line.source import Source

_BLANKS = " \t\n\r"
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " "}
_NUMBER = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{3})")
_SPECIFIER = re.compile(r"%%|%[A-Za-z]")
_VARIABLE = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

# Each is looked for among all others of its word.
_MAX_IN_A_WORD = 1000

Lookup = Callable[[str], Argument | Unknown | None]
"""What a variable holds, None where it is not set."""


@dataclass(frozen=True)
class Span:
    """A text and where each of its characters stands, as offsets of the source."""

    text: str
    offsets: tuple[int, ...]


@dataclass(frozen=True)
class Word:
    """A word without its quotes; `bare` where it had none, nor any escape."""

    argument: Argument
    bare: bool


def words(source: Source, span: Span) -> Iterator[Word]:
    """The words of a setting's value, quotes and escapes undone and `%%` made one. Raises
    InputError for a word of very many variables."""
    at = 0
    while True:
        while at < len(span.text) and span.text[at] in _BLANKS:
            at += 1
        if at >= len(span.text):
            return
        found, end = _word(span, at)
        if found.text.count("%") + found.text.count("$") > _MAX_IN_A_WORD:
            raise InputError(
                "too many variables in one word", place=source.position(span.offsets[at])
            )
        argument = source.argument(found.text, found.offsets, span.offsets[at])
        yield Word(_without_specifiers(source, argument), bare=end - at == len(found.text))
        at = end


def _word(span: Span, at: int) -> tuple[Span, int]:
    text, quote = span.text, ""
    chars: list[str] = []
    offsets: list[int] = []
    while at < len(text) and (quote or text[at] not in _BLANKS):
        char, start = text[at], at
        at += 1
        if char == quote:
            quote = ""
            continue
        if not quote and char in "'\"":
            quote = char
            continue
        if char == "\\" and at < len(text):
            char, at = _escaped(text, at)
        chars.append(char)
        offsets.append(span.offsets[start])
    return Span("".join(chars), tuple(offsets)), at


def _escaped(text: str, at: int) -> tuple[str, int]:
    number = _NUMBER.match(text, at)
    if number is None:
        return _ESCAPES.get(text[at], text[at]), at + 1
    hexadecimal = number[1] or number[2] or number[3]
    value = int(hexadecimal, 16) if hexadecimal else int(number[4], 8)
    valid = value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF
    return chr(value) if valid else "\ufffd", number.end()


def _without_specifiers(source: Source, argument: Argument) -> Argument:
    """`%i` and the like are what systemd knows when it starts the unit."""
    text, at = Text(source, 0), 0
    for match in _SPECIFIER.finditer(argument.text):
        text.add_argument(argument.slice(at, match.start()))
        if match[0] == "%%":
            text.add_argument(argument.slice(match.start(), match.start() + 1))
        else:
            open_part = Unresolved(0, len(match[0]), match[0], "systemd fills it in")
            part = argument.slice(match.start(), match.end())
            text.add_argument(replace(part, unresolved=(open_part,)))
        at = match.end()
    if at == 0:
        return argument
    text.add_argument(argument.slice(at, len(argument.text)))
    return text.argument()


def expanded(source: Source, word: Argument, lookup: Lookup) -> Iterator[Argument]:
    """The arguments that a word of a command line becomes.

    `$NAME` as a whole word is parted at its blanks, quotes in it minded, and is nothing where it
    is not set; `${NAME}` stays within its word; `$NAME` within a word is no variable.
    """
    if word.text.startswith("$") and word.text[1:2] not in ("{", "$"):
        yield from _parted(source, word, lookup)
        return
    text, at = Text(source, 0), 0
    for match in _VARIABLE.finditer(word.text):
        text.add_argument(word.slice(at, match.start()))
        part = word.slice(match.start(), match.end())
        value = lookup(match[1]) if match[1] else part.slice(0, 1)
        if isinstance(value, Unknown):
            text.add_argument(_open(part, value.reason))
        elif value is not None:
            text.add_argument(value)
        at = match.end()
    if at == 0:
        yield word
        return
    text.add_argument(word.slice(at, len(word.text)))
    yield text.argument()


def _parted(source: Source, word: Argument, lookup: Lookup) -> Iterator[Argument]:
    name = word.text[1:]
    if not _NAME.fullmatch(name):
        yield _open(word, f"systemd knows no variable '{name}'; within a word it takes ${{NAME}}")
        return
    value = lookup(name)
    if isinstance(value, Unknown):
        yield _open(word, value.reason).splitting()
    elif value is not None:
        yield from (_piece(source, value, piece) for piece in _pieces(value.text))


def _pieces(text: str) -> Iterator[Span]:
    """Where the words of a value stand in it."""
    span, at = Span(text, tuple(range(len(text)))), 0
    while at < len(text):
        if text[at] in _BLANKS:
            at += 1
        else:
            found, at = _word(span, at)
            yield found


def _piece(source: Source, value: Argument, piece: Span) -> Argument:
    first, last = (piece.offsets[0], piece.offsets[-1]) if piece.offsets else (0, -1)
    if value.text[first : last + 1] == piece.text:
        return value.slice(first, last + 1)
    text = Text(source, 0)
    for char, offset in zip(piece.text, piece.offsets, strict=True):
        text.add_argument(replace(value.slice(offset, offset + 1), text=char))
    return text.argument()


def _open(word: Argument, reason: str) -> Argument:
    return replace(word, unresolved=(Unresolved(0, len(word.text), word.text, reason),))
