"""The formats in which people keep VMs: one module each, found by looking, in no list.

A module holds `FORMAT`. Of those whose `detects` says yes the one with the highest `rank` reads.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from pciabi.errors import InputError, SourcePosition
from pciabi.vm.pci_vm import PciVm


@dataclass(frozen=True)
class ConfigText:
    """A file's name, as messages print it, and its text."""

    file: str
    text: str

    def position(self, line: int, column: int = 1) -> SourcePosition:
        """A place in it; both count from 1."""
        return SourcePosition(self.file, line, column)


@dataclass(frozen=True)
class Format:
    """One input format.

    `name` is what `--type` takes; `endings` are those of files a folder is searched for.
    `detects` looks at a text whatever its file is called; `read` gives the VMs in it, none
    where it holds none, and raises InputError for a text that is not what it claims to be.
    `comment` shows how a suppression is written.
    """

    name: str
    title: str
    endings: tuple[str, ...]
    rank: int
    detects: Callable[[ConfigText], bool]
    read: Callable[[ConfigText], tuple[PciVm, ...]]
    comment: str


def decoded(raw: bytes, file: str, errors: str = "strict") -> ConfigText:
    """A file's text; UTF-16 is told by its mark. Raises InputError at the line where it is none,
    unless `errors` says otherwise, in Python's words."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return ConfigText(file, raw.decode(encoding, errors))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8 text", place=SourcePosition(file, line)) from None


@cache
def formats() -> tuple[Format, ...]:
    """All formats, the highest rank first."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        if hasattr(loaded, "FORMAT"):
            found.append(loaded.FORMAT)
    return tuple(sorted(found, key=lambda format_: (-format_.rank, format_.name)))


def named(name: str) -> Format:
    """The format of that name. Raises InputError."""
    for format_ in formats():
        if format_.name == name:
            return format_
    names = ", ".join(sorted(format_.name for format_ in formats()))
    raise InputError(f"there is no input format '{name}', only: {names}")


def detect(source: ConfigText) -> Format | None:
    """The format a text is in, or None where it is no VM's configuration."""
    return next((format_ for format_ in formats() if format_.detects(source)), None)
