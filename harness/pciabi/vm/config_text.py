"""A configuration file's text, in which every character has an offset, a line and a column."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from pciabi.errors import InputError, SourcePosition


@dataclass(frozen=True)
class ConfigText:
    """A file's name, as messages print it, and its text as it was written, line ends included.

    Lines and columns count from 1, offsets from 0. In a text that holds NULs, as
    /proc/PID/cmdline does, a line is an argument.
    """

    file: str
    text: str

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        end = "\0" if "\0" in self.text else "\n"
        return (0, *(at + 1 for at, char in enumerate(self.text) if char == end))

    def position(self, line: int, column: int = 1) -> SourcePosition:
        """A place in it."""
        return SourcePosition(self.file, line, column)

    def position_at(self, offset: int) -> SourcePosition:
        """Where the character at an offset stands."""
        line = bisect_right(self._starts, offset)
        return SourcePosition(self.file, line, offset - self._starts[line - 1] + 1)

    def offset(self, line: int, column: int = 1) -> int:
        """The offset of a place in it; of one behind its end, that of its end."""
        start = self._starts[line - 1] if line <= len(self._starts) else len(self.text)
        return min(start + column - 1, len(self.text))


def decoded(raw: bytes, file: str, errors: str = "strict") -> ConfigText:
    """A file's text; UTF-16 is told by its mark. Raises InputError at the line where it is none,
    unless `errors` says otherwise, in Python's words."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return ConfigText(file, raw.decode(encoding, errors))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8 text", place=SourcePosition(file, line)) from None
