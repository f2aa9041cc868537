"""Which files are meant by the paths a user names, and their texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pciabi.errors import InputError, SourcePosition
from pciabi.vm import config_files
from pciabi.vm.formats import ConfigText

# Reading as much takes seconds and half a gigabyte at the worst, measured on hostile files.
MAX_BYTES = 4_000_000
STDIN = "-"


def find(paths: Sequence[str], exclude: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Every file meant, each once, and whether it was named itself; see `config_files.in_path`."""
    seen = set()
    for path in paths:
        found = [(path, True)] if path == STDIN else config_files.in_path(path, exclude)
        for file, named in found:
            if file not in seen:
                seen.add(file)
                yield file, named


def read(file: str, standard_input: bytes) -> ConfigText:
    """A file's text. Raises InputError where it cannot be read or is no text."""
    place = SourcePosition(file, 1)
    if file == STDIN:
        return ConfigText("<stdin>", _text(standard_input, SourcePosition("<stdin>", 1)))
    try:
        with Path(file).open("rb") as opened:
            return ConfigText(file, _text(opened.read(MAX_BYTES + 1), place))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=place) from error


def _text(raw: bytes, place: SourcePosition) -> str:
    if len(raw) > MAX_BYTES:
        raise InputError(
            f"larger than {MAX_BYTES} bytes", advice="no VM's configuration is", place=place
        )
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8 text", place=SourcePosition(place.file, line)) from None
