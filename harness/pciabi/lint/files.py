"""Which files are meant by the paths a user names, and their texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pciabi.errors import InputError, SourcePosition
from pciabi.vm import config_files, config_text
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
    if file == STDIN:
        return _text(standard_input, "<stdin>")
    try:
        with Path(file).open("rb") as opened:
            raw = opened.read(MAX_BYTES + 1)
    except OSError as error:
        place = SourcePosition(file, 1)
        raise InputError(f"cannot be read: {error.strerror}", place=place) from error
    return _text(raw, file)


def _text(raw: bytes, file: str) -> ConfigText:
    if len(raw) > MAX_BYTES:
        raise InputError(
            f"larger than {MAX_BYTES} bytes",
            advice="no VM's configuration is",
            place=SourcePosition(file, 1),
        )
    return config_text.decoded(raw, file)
