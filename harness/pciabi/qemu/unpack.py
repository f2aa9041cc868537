"""Makes one folder of a QEMU's packages, that holds what it runs on and nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pciabi import programs
from pciabi.distribution import packages, tools
from pciabi.distribution.progress import Progress, Report
from pciabi.errors import PackageError
from pciabi.programs import Bounds
from pciabi.qemu import launch, loader

# Documentation, translations, maintainers' tools and other programs stay behind.
_KEPT = (
    launch.PROGRAM,
    launch.LIBRARIES,
    "usr/lib/ipxe",
    "usr/share/qemu",
    "usr/share/seabios",
    "usr/share/OVMF",
    "usr/share/ovmf",
)
_BOUNDS = Bounds(seconds=120)
_NOT_LOADED = "failed to "
# In modules of their own, or built in, in every release so far.
_IN_MODULES = ("virtio-vga", "qxl-vga", "usb-redir")


def unpack(archives: Sequence[Path], work: Path, root: Path, report: Report) -> None:
    """Unpack the archives and make `root` of what a QEMU needs. Raises PackageError.

    `work` is a folder for what comes in between.
    """
    everything = work / "unpacked"
    for number, archive in enumerate(archives):
        report(Progress("unpacking", number, len(archives)))
        packages.unpack(archive, everything)
    merge(everything / "lib", everything / "usr/lib")
    for name in _KEPT:
        source, target = everything / name, root / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
    _drop_useless_links(root)
    # A QEMU all of one piece must not find the host's modules either.
    (root / launch.MODULES).mkdir(exist_ok=True)
    for name in (launch.PROGRAM, launch.LOADER):
        if not (root / name).exists():
            raise PackageError(f"the packages bring no {name}")


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


def must_be_complete(root: Path) -> None:
    """Have the loader find all libraries of the program and its modules. Raises PackageError.

    One that is missing would be taken from the host without a word.
    """
    start, libraries = root / launch.LOADER, root / launch.LIBRARIES
    for program in (root / launch.PROGRAM, *sorted((root / launch.MODULES).glob("*.so"))):
        command: list[str | Path] = [start, "--library-path", libraries, "--list", program]
        strange = loader.first_outside(tools.output(command).decode(), root)
        if strange:
            raise PackageError(f"the packages bring not all that {program.name} needs: {strange}")


def must_load_modules(command: Sequence[str]) -> None:
    """Have a QEMU load all its modules. Raises PackageError where one does not come."""
    try:
        said = programs.run([*command, "-device", "help"], _BOUNDS)
    except programs.Fault as fault:
        raise PackageError(f"the unpacked QEMU's -device help {fault}") from fault
    words = [line for line in said.complaint.splitlines() if _NOT_LOADED in line]
    words += [f"no device {name}" for name in _IN_MODULES if f'name "{name}"' not in said.text]
    if words:
        raise PackageError(f"the unpacked QEMU does not load its modules: {words[0]}")
