"""Which package a QEMU, or its firmware, is of, by the word of the package database beside it.

For a QEMU whose version line names no package. Read without the distribution's own tools, which
are not there for an unpacked root: dpkg's, apk's and pacman's databases are text (dpkg(1),
apk-db(5), pacman(8)). RPM's is not, and tells nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pciabi.qemu import root_path

_DPKG = "var/lib/dpkg"
_APK = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
_PACMAN = "var/lib/pacman/local"
_MOST = 100_000_000
# A package that brings a QEMU is named for it, wherever it comes from.
_NAMED_FOR_IT = "*qemu*"


def owner(root: Path, program: Path, named: str = _NAMED_FOR_IT) -> str:
    """The exact version of the package that brings a file, empty where no database tells of one
    whose name fits the pattern `named`."""
    try:
        names = _names(root, program)
        dpkg, pacman = _of_dpkg(root, names, named), _of_pacman(root, names, named)
        found = (*dpkg, *_of_apk(root, names), *pacman)
    except OSError:
        return ""
    return found[0] if found else ""


def _names(root: Path, program: Path) -> frozenset[str]:
    """What the program may be called in a database, without a first `/`: older packages do not
    know that /bin has become /usr/bin."""
    places = {program, root_path.resolve(root, root_path.inside(root, program))}
    inside = {str(root_path.inside(root, place)).lstrip("/") for place in places}
    return frozenset(inside | {name.removeprefix("usr/") for name in inside})


def _of_dpkg(root: Path, names: frozenset[str], named: str) -> Iterator[str]:
    for listing in root_path.matching(root, f"{_DPKG}/info/{named}.list"):
        files = {line.lstrip("/") for line in _text(listing).splitlines()}
        if files & names:
            package = re.escape(listing.name.removesuffix(".list").partition(":")[0])
            status = _text(root_path.resolve(root, f"{_DPKG}/status"))
            for stanza in re.split(r"\n{2,}", status):
                if re.match(f"Package: {package}$", stanza, re.MULTILINE):
                    yield from re.findall(r"^Version: (\S+)$", stanza, re.MULTILINE)


def _of_apk(root: Path, names: frozenset[str]) -> Iterator[str]:
    for place in (root_path.resolve(root, name) for name in _APK):
        for stanza in re.split(r"\n{2,}", _text(place) if place.is_file() else ""):
            folder = ""
            for line in stanza.splitlines():
                if line.startswith("F:"):
                    folder = line[2:]
                elif line.startswith("R:") and f"{folder}/{line[2:]}" in names:
                    yield from re.findall(r"^V:(\S+)$", stanza, re.MULTILINE)


def _of_pacman(root: Path, names: frozenset[str], named: str) -> Iterator[str]:
    for listing in root_path.matching(root, f"{_PACMAN}/{named}/files"):
        if names & set(_text(listing).splitlines()):
            description = _text(listing.with_name("desc"))
            yield from re.findall(r"^%VERSION%\n(\S+)$", description, re.MULTILINE)


def _text(place: Path) -> str:
    with place.open("rb") as file:
        return file.read(_MOST).decode(errors="replace")
