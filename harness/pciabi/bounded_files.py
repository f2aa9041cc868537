"""Files that a user names, read up to a limit and once only: any of them may be a pipe, or a
device without an end."""

from __future__ import annotations

from pathlib import Path

from pciabi.errors import InputError, SourcePosition


def read_limited(path: Path, most: int) -> bytes:
    """The file's bytes. Raises InputError where it cannot be read, or is larger than `most`."""
    try:
        with path.open("rb") as file:
            return limited(file.read(most + 1), path, most)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        place = SourcePosition(str(path), 1)
        raise InputError(f"cannot be read: {reason}", place=place) from error


def limited(raw: bytes, path: Path, most: int) -> bytes:
    """The content of a file, if it is no more than may be. Raises InputError."""
    if len(raw) > most:
        raise InputError(f"larger than {most} bytes", place=SourcePosition(str(path), 1))
    return raw
