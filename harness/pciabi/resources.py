"""Scenarios and image recipes that ship with pciabi, and where they lie.

A wheel holds them in `pciabi/_shipped`; an editable install does not see that folder and
falls back to the checkout.
"""

from __future__ import annotations

import os
import stat
from functools import cache
from pathlib import Path

from pciabi.errors import CannotTest, InputError

_PACKAGE = Path(__file__).resolve().parent


def _shipped(kind: str) -> Path:
    installed = _PACKAGE / "_shipped" / kind
    return installed if installed.is_dir() else _PACKAGE.parent.parent / kind


def _named(kind: str, word: str, name: str) -> Path:
    found = {path.stem: path for path in sorted(_shipped(kind).glob("*.yaml"))}
    if name not in found:
        raise InputError(
            f"no {word} is called '{name}'", advice=f"there are: {', '.join(found) or 'none'}"
        )
    return found[name]


def scenarios() -> tuple[Path, ...]:
    """The shipped scenario files, by name."""
    return tuple(sorted(_shipped("scenarios").glob("*.yaml")))


def scenario(name: str) -> Path:
    """The shipped scenario of that name. Raises InputError."""
    return _named("scenarios", "shipped scenario", name)


def image_recipe(word: str, beside: Path | None = None) -> Path:
    """The image recipe a user means: a shipped one's name, or a path.

    A word with a slash, or one that ends in .yaml or .yml, is a path, relative to the folder
    `beside`. Raises InputError.
    """
    if "/" not in word and not word.endswith((".yaml", ".yml")):
        return _named("images", "shipped image", word)
    path = (beside or Path()) / word
    if not path.is_file():
        raise InputError(f"there is no image recipe {word}")
    return path


def cache_root() -> Path:
    """The user's cache folder for pciabi (XDG Base Directory Specification), there or not."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The specification has a relative value ignored.
    if base.startswith("/"):
        return Path(base) / "pciabi"
    try:
        return Path.home() / ".cache" / "pciabi"
    except RuntimeError:
        return _homeless_cache()


def cache_folder() -> Path:
    """As `cache_root`, created if missing. Raises CannotTest."""
    folder = cache_root()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotTest(
            f"cannot create the cache folder {folder}: {error.strerror}",
            advice="set XDG_CACHE_HOME to a folder that can be written",
        ) from error
    return folder


@cache
def _homeless_cache() -> Path:
    """A cache for a user without a home, as in a container with a bare user id. It is said once
    that it is there, because it may be gone tomorrow."""
    # Not above: nearly everybody has a home.
    import logging
    import tempfile

    folder = Path(tempfile.gettempdir()) / f"pciabi-cache-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        there = folder.lstat()
    except OSError as error:
        raise CannotTest(
            f"there is no home folder, and {folder} cannot be made: {error.strerror}",
            advice="set XDG_CACHE_HOME to a folder that can be written",
        ) from error
    # Anybody may make a folder of that name there, and put a QEMU into it.
    if not stat.S_ISDIR(there.st_mode) or there.st_uid != os.getuid() or there.st_mode & 0o022:
        raise CannotTest(
            f"there is no home folder, and {folder} is somebody else's",
            advice="set XDG_CACHE_HOME to a folder of your own",
        )
    logging.getLogger(__name__).warning(
        "pciabi: there is no home folder, so the cache is %s (XDG_CACHE_HOME names another)", folder
    )
    return folder
