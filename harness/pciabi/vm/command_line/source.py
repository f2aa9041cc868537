"""A configuration file's text, with lines and columns, read within limits."""

from __future__ import annotations

import stat
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pciabi.errors import InputError, SourcePosition
from pciabi.vm.command_line.argument import Argument, Unresolved, runs_of

MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Source:
    """A text and the name of the file it is from. Offsets count characters of `text`.

    `origin` tells the line and column of an offset where the text is not the file's own.
    """

    text: str
    file: str
    origin: Callable[[int], tuple[int, int]] | None = None

    @cached_property
    def _line_starts(self) -> tuple[int, ...]:
        return (0, *(at + 1 for at, char in enumerate(self.text) if char == "\n"))

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1."""
        if self.origin is not None:
            return self.origin(offset)
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def position(self, offset: int) -> SourcePosition:
        """Where the character at an offset stands."""
        return SourcePosition(self.file, *self.place(offset))

    def argument(
        self, text: str, offsets: tuple[int, ...], at: int, unresolved: tuple[Unresolved, ...] = ()
    ) -> Argument:
        """An argument whose characters stand at these offsets; `at` is where an empty one is."""
        places = [self.place(offset) for offset in offsets] or [self.place(at)]
        return Argument(text, self.file, runs_of(places), unresolved)


def read(path: Path) -> bytes:
    """A file's bytes. Raises InputError for what is no regular file, or too large a one."""
    start = SourcePosition(str(path), 1)
    try:
        # A FIFO or device may block for ever, so it is asked before it is opened. What /proc
        # shows are regular files.
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError("not a regular file", place=start)
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"cannot be read: {why}", place=start) from error
    if len(raw) > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES} bytes", place=start)
    return raw


def decoded(raw: bytes, file: str) -> Source:
    """The bytes as text with `\\n` line ends. Raises InputError for what is not UTF-8."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8 text", place=SourcePosition(file, line)) from None
    return Source(text.replace("\r\n", "\n"), file)
