"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pciabi.errors import CannotTest


def emit(text: str, path: Path | None) -> None:
    """Write a rendered result to a file the user named, to standard output where none is.

    Raises CannotTest where the file cannot be written.
    """
    if path is None:
        click.echo(text, nl=False)
        return
    try:
        write(path, text)
    except OSError as error:
        raise CannotTest(f"{path} cannot be written: {error.strerror}") from error


def write(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all. Raises OSError."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
