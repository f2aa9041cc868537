"""Makes one folder of packages, that holds what a program runs on and nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pciabi.distribution import packages
from pciabi.distribution.progress import Progress, Report


def unpack(
    archives: Sequence[Path], kept: Sequence[str], work: Path, root: Path, report: Report
) -> None:
    """Unpack the archives and keep in `root` the files and folders that are named. Raises
    PackageError.

    `work` is a folder for what comes in between.
    """
    everything = work / "unpacked"
    for number, archive in enumerate(archives):
        report(Progress("unpacking", number, len(archives)))
        packages.unpack(archive, everything)
    merge(everything / "lib", everything / "usr/lib")
    for name in kept:
        source, target = everything / name, root / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
    _drop_useless_links(root)


def merge(source: Path, target: Path) -> None:
    """Move all files of a folder to where they belong in another. Older suites have part of
    the libraries in /lib, outside of /usr."""
    for folder, folders, names in os.walk(source):
        place = target / Path(folder).relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in (*names, *linked):
            (Path(folder) / name).rename(place / name)


def _drop_useless_links(root: Path) -> None:
    """Links to nowhere, and absolute ones, which lead out of `root` to the host's files."""
    for folder, folders, names in os.walk(root):
        for path in (Path(folder) / name for name in (*folders, *names)):
            if path.is_symlink() and (path.readlink().is_absolute() or not path.exists()):
                path.unlink()
