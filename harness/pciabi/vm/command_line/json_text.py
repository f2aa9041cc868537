"""JSON as QEMU takes it on its command line, with the place of every member.

QEMU also takes strings in single quotes; Python's parser does not, and tells no places.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from pciabi.errors import InputError
from pciabi.vm.command_line.argument import Argument

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
      (?P<mark>[{}\[\]:,])
    | (?P<string>"(?:[^"\\\x00-\x1f]|\\.)*"|'(?:[^'\\\x00-\x1f]|\\.)*')
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])
    | (?P<word>true|false|null)\b
    )""",
    re.VERBOSE | re.DOTALL,
)
_SINGLE_QUOTES = re.compile(r'\\.|"', re.DOTALL)
_MAX_NESTING = 100
_WORDS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True)
class Member:
    """A member of the outermost object; `start` and `end` enclose its value in the text."""

    name: str
    value: object
    name_start: int
    start: int
    end: int


def members(argument: Argument) -> tuple[Member, ...]:
    """The members of the one object in an argument, in order. Raises InputError."""
    reader = _Reader(argument)
    found = reader.members()
    reader.end()
    return found


class _Reader:
    def __init__(self, argument: Argument) -> None:
        self.argument = argument
        self.at = 0

    def error(self, message: str, offset: int) -> InputError:
        return InputError(f"not valid JSON: {message}", place=self.argument.at(offset))

    def token(self) -> re.Match[str]:
        match = _TOKEN.match(self.argument.text, self.at)
        if match is None:
            rest = self.argument.text[self.at :].lstrip()
            if not rest:
                raise self.error("it ends too early", self.at)
            raise self.error(f"unexpected {rest[:20]!r}", len(self.argument.text) - len(rest))
        self.at = match.end()
        return match

    def mark(self, expected: str) -> str:
        match = self.token()
        if match["mark"] is None or match["mark"] not in expected:
            raise self.error(f"expected one of {' '.join(expected)}", match.end() - 1)
        return match["mark"]

    def peek(self, mark: str) -> bool:
        match = _TOKEN.match(self.argument.text, self.at)
        if match is None or match["mark"] != mark:
            return False
        self.at = match.end()
        return True

    def end(self) -> None:
        rest = self.argument.text[self.at :].strip(" \t\r\n")
        if rest:
            raise self.error(f"unexpected {rest[:20]!r} after its end", self.at)

    def members(self, depth: int = 1) -> tuple[Member, ...]:
        self.mark("{")
        found: dict[str, Member] = {}
        if self.peek("}"):
            return ()
        while True:
            match = self.token()
            if match["string"] is None:
                raise self.error("expected a name in quotes", match.end() - 1)
            name = self.string(match)
            name_start = match.start("string") + 1
            if name in found:
                raise self.error(f"'{name}' appears twice", name_start)
            self.mark(":")
            value, start = self.value(depth)
            found[name] = Member(name, value, name_start, start, self.at)
            if self.mark(",}") == "}":
                return tuple(found.values())

    def value(self, depth: int) -> tuple[object, int]:
        match = self.token()
        start = match.start(match.lastgroup or 0)
        if match["string"] is not None:
            return self.string(match), start
        if match["number"] is not None:
            return self.number(match), start
        if match["word"] is not None:
            return _WORDS[match["word"]], start
        if depth >= _MAX_NESTING:
            raise self.error("nested too deeply", start)
        if match["mark"] == "{":
            self.at = start
            return {member.name: member.value for member in self.members(depth + 1)}, start
        if match["mark"] == "[":
            return self.elements(depth + 1), start
        raise self.error(f"unexpected {match['mark']!r}", start)

    def elements(self, depth: int) -> list[object]:
        found: list[object] = []
        if self.peek("]"):
            return found
        while True:
            found.append(self.value(depth)[0])
            if self.mark(",]") == "]":
                return found

    def number(self, match: re.Match[str]) -> int | float:
        text = match["number"]
        if len(text) > 30:
            raise self.error("a number too long", match.start("number"))
        return int(text) if re.fullmatch(r"-?\d+", text) else float(text)

    def string(self, match: re.Match[str]) -> str:
        text = match["string"]
        if text[0] == '"' and "\\" not in text:
            # As most are; a character that cannot be encoded takes an escape.
            return text[1:-1]
        if text[0] == "'":
            text = f'"{_SINGLE_QUOTES.sub(_requoted, text[1:-1])}"'
        try:
            found = str(json.loads(text))
            found.encode()
        except ValueError:
            raise self.error("a bad escape in a string", match.start("string")) from None
        return found


def _requoted(match: re.Match[str]) -> str:
    return {'"': '\\"', "\\'": "'"}.get(match[0], match[0])
