"""Folders of links in the cache, for what a loader or a QEMU cannot be told otherwise.

A root whose name has a character that a loader takes for a separator is called by another name.
And a file that an absolute link stands for inside a root, which the kernel would look for on the
host, is found in a folder of links that is looked through first.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pciabi.errors import CannotTest, QemuError
from pciabi.qemu import root_path
from pciabi.resources import cache_folder
from pciabi.signals import held

# ld.so takes `:` and `;` for separators and `$` for a variable, env `=` for an assignment.
_SPECIAL = frozenset(":;$=\n")
_FOLDER = "roots"
_DIGITS = 16


def speakable(root: Path) -> Path:
    """The root by a name that its loader can be told. Raises QemuError, CannotTest."""
    return linked({"root": root}) / "root" if _SPECIAL & set(str(root)) else root


def strays(root: Path, folders: Sequence[Path]) -> dict[str, Path]:
    """What is found in folders of a root only where its links are led inside: name and place.

    The first of the folders that has a name counts.
    """
    seen: set[str] = set()
    places: dict[str, Path] = {}
    for folder in folders:
        for entry in sorted(folder.iterdir()):
            if entry.name in seen:
                continue
            seen.add(entry.name)
            if entry.is_symlink():
                place = _led_inside(root, entry)
                if place is not None and not _leads_there(root, entry, place):
                    places[entry.name] = place
    return places


def linked(targets: Mapping[str, Path]) -> Path:
    """A folder in the cache with links of these names.

    Raises QemuError where a loader cannot be told of it either, CannotTest where it cannot be
    made.
    """
    links = {name: str(target) for name, target in sorted(targets.items())}
    digest = hashlib.sha256(json.dumps(links).encode()).hexdigest()[:_DIGITS]
    place = cache_folder() / _FOLDER / digest
    special = _SPECIAL & set(str(place))
    if special:
        raise QemuError(
            f"a QEMU's loader cannot be told of {place}, because of a {min(special)!r} in its name",
            advice="set XDG_CACHE_HOME to a folder without such a character",
        )
    try:
        if not _is_whole(place, links):
            _make(place, links)
    except OSError as error:
        raise CannotTest(
            f"links to the files of a root cannot be made in {place.parent}: {error.strerror}",
            advice="set XDG_CACHE_HOME to a folder that can be written",
        ) from error
    return place


def _leads_there(root: Path, entry: Path, place: Path) -> bool:
    """Whether the host too follows a link to its place in the root, and not to a file of its own,
    which may be the same one by another name."""
    if root_path.is_held(root):
        return root_path.is_same(place, entry)
    return place.resolve() == entry.resolve()


def _led_inside(root: Path, entry: Path) -> Path | None:
    try:
        place = root_path.resolve(root, root_path.inside(root, entry))
        return place if place.exists() else None
    except OSError:
        return None


def _is_whole(place: Path, targets: Mapping[str, str]) -> bool:
    if not place.is_dir():
        return False
    return {
        entry.name: str(entry.readlink()) if entry.is_symlink() else "" for entry in place.iterdir()
    } == targets


def _make(place: Path, targets: Mapping[str, str]) -> None:
    """Make it under another name, so that nobody meets half of it; and forget roots that are
    there no more."""
    place.parent.mkdir(exist_ok=True)
    with held():
        arriving = Path(tempfile.mkdtemp(prefix=".", dir=place.parent))
        try:
            ready = arriving / "ready"
            ready.mkdir()
            for name, target in targets.items():
                (ready / name).symlink_to(target)
            if place.exists() and not _is_whole(place, targets):
                place.rename(arriving / "damaged")
            if not place.exists():
                ready.rename(place)
            for other in place.parent.glob("[!.]*"):
                if not any(link.exists() for link in other.iterdir()):
                    other.rename(arriving / other.name)
        finally:
            shutil.rmtree(arriving, ignore_errors=True)
