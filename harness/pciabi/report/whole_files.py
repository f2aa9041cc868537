"""Several files that belong together, written all or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pciabi.errors import CannotTest
from pciabi.report import whole_file
from pciabi.signals import held


def write(files: Iterable[tuple[Path, str]]) -> None:
    """Write each of the files, and the folders they lie in; where one cannot be written, the
    others are what they were.

    Raises CannotTest.
    """
    written: list[tuple[Path, str | None]] = []
    with held():
        for path, text in files:
            try:
                before = path.read_bytes().decode() if path.exists() else None
                path.parent.mkdir(parents=True, exist_ok=True)
                whole_file.write(path, text)
            except (OSError, ValueError) as error:
                _restore(written)
                why = error.strerror if isinstance(error, OSError) else error
                raise CannotTest(f"{path} cannot be written, so nothing was: {why}") from error
            written.append((path, before))


def _restore(written: Iterable[tuple[Path, str | None]]) -> None:
    for path, before in written:
        with suppress(OSError):
            if before is None:
                path.unlink()
            else:
                whole_file.write(path, before)
