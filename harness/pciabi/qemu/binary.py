"""A QEMU system emulator on this machine and its version."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pciabi import programs
from pciabi.distribution.suites import Version
from pciabi.errors import QemuError
from pciabi.programs import Bounds
from pciabi.qemu import launch, spec

if TYPE_CHECKING:
    from pciabi.distribution.release import Release
    from pciabi.qemu.installation import Installation

_PACKAGE = re.compile(r"\((?:\S+ )?(\S+)\)")
OLDEST = (5, 2)
# A version line and a copyright, at once; under a loader and in a namespace of its own too.
_BOUNDS = Bounds(seconds=10, bytes=64_000)
PROGRAM = "qemu-system-x86_64"
_BANNER = re.compile(r"QEMU emulator version (\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Binary:
    """An emulator: how it is started, its version and the whole version line, which names the
    package.

    `command` goes in front of QEMU's own arguments; starting it keeps the process id and the
    open descriptors. `name` is what a user types to start it. `root` is the folder its own
    firmware lies below, `/` for the host's; `data` are the folders in it with QEMU's data, where
    they are known. `owner` is the exact version of the package that it is of, where the version
    line names none and a package database does; `origin` says where it comes from, if its place
    does not. `other_roms` says whose option ROMs it was to show, where others have taken their
    place.
    """

    name: str
    command: tuple[str, ...]
    root: Path
    version: tuple[int, int, int]
    banner: str
    data: tuple[Path, ...] = ()
    owner: str = ""
    origin: str = ""
    other_roms: str = ""

    @property
    def version_text(self) -> str:
        """Such as `7.2.22`."""
        return ".".join(str(part) for part in self.version)

    @property
    def package(self) -> str:
        """The package's exact version, empty where neither the version line nor a package database
        tells it."""
        match = _PACKAGE.search(self.banner)
        return match[1] if match else self.owner

    @property
    def version_line(self) -> str:
        """QEMU's own, with what that leaves out of the package and of where it comes from: what a
        document names it by."""
        words = [self.banner]
        if self.package not in self.banner or not self.package:
            words.append(f"package {self.package or 'not told'}")
        return "; ".join((*words, *((self.origin,) if self.origin else ())))


def find(wanted: str | None) -> Binary:
    """The emulator that a SPEC means (`spec.ACCEPTED`); the one on PATH for None.

    Suites and versions are looked for in the cache, a version then on PATH; nothing is fetched.
    Raises InputError for an unknown suite, QemuError when there is none, it does not run, lacks
    a part of what it runs on, or is older than `OLDEST`, PackageError when it is damaged.
    """
    target = spec.parse(wanted or PROGRAM)
    if isinstance(target, spec.Place):
        return _named(target.text)
    if isinstance(target, spec.Running):
        # Not above: it takes what reads ELF files, as a root does.
        from pciabi.qemu import installation

        return _started(str(target), installation.of_process(target))
    # Not above: what reads the cache takes as long to import as a QEMU on PATH to be asked.
    from pciabi.distribution import release
    from pciabi.qemu.product import QEMU

    found = release.find(QEMU, target)
    if found is not None:
        release.verify(found)
        return released(found)
    if isinstance(target, Version) and shutil.which(PROGRAM):
        host = _on_path(PROGRAM)
        if target.fits(host.version, host.package):
            return host
    raise QemuError(f"QEMU {target} is not in the cache", advice=f"pciabi qemu get {target}")


def released(found: Release) -> Binary:
    """The emulator of a release in the cache. Raises QemuError where it cannot run here."""
    layout = launch.released(found.root)
    return ask(f"pciabi qemu exec {found.name}", launch.command(layout), found.root)


def _named(word: str) -> Binary:
    """The emulator on PATH of that name, or whatever a path leads to."""
    if "/" not in word and (shutil.which(word) or not Path(word).is_dir()):
        return _on_path(word)
    # What reads ELF files takes longer to import than a QEMU on PATH takes to be asked.
    from pciabi.qemu import installation

    qemu = installation.of(Path(word))
    if qemu is None:
        return _on_path(word)
    if qemu.layout is None:
        own = ask(str(qemu.program), (str(qemu.program),), qemu.root)
        return _with_owner(own, qemu.program)
    return _started(word, qemu)


def _started(word: str, qemu: Installation) -> Binary:
    """The emulator of an installation that a user's word means but does not start by itself."""
    command = (str(qemu.program),) if qemu.layout is None else launch.command(qemu.layout)
    for folder in qemu.data:
        command = (*command, "-L", str(folder))
    emulator = ask(f"pciabi qemu exec {shlex.quote(word)}", command, qemu.root)
    data = () if qemu.layout is None else qemu.layout.data
    emulator = replace(emulator, data=data, origin=qemu.origin, other_roms=qemu.other_roms)
    return _with_owner(emulator, qemu.program)


def _with_owner(emulator: Binary, program: Path) -> Binary:
    """With the package that its version line does not name, where a database does."""
    if emulator.package or not program.is_relative_to(emulator.root):
        return emulator
    # Not above: hardly ever needed.
    from pciabi.qemu import package_owner

    return replace(emulator, owner=package_owner.owner(emulator.root, program))


def _on_path(program: str) -> Binary:
    found = shutil.which(program)
    if found is None and Path(program).is_file():
        raise QemuError(f"{program} may not be executed", advice=f"chmod +x {program}")
    if found is None:
        raise QemuError(
            f"QEMU is missing: no program {program}",
            advice=f"apt-get install qemu-system-x86, or name another: {spec.ACCEPTED}",
        )
    return _with_owner(ask(found, (found,), Path("/")), Path(found).absolute())


def ask(name: str, command: Sequence[str], root: Path) -> Binary:
    """The emulator that a command starts, in its own words. Raises QemuError as `find` does."""
    try:
        said = programs.run([*command, "--version"], _BOUNDS)
    except programs.Fault as fault:
        raise QemuError(f"{name} --version {fault}") from fault
    match = _BANNER.search(said.text)
    if said.status != 0 or match is None:
        words = programs.first_words(said.complaint, said.text) or "no output"
        raise QemuError(f"{name} is not a working QEMU: {words}")
    version = (int(match[1]), int(match[2]), int(match[3] or 0))
    banner = programs.first_words(said.text)
    if version[:2] < OLDEST:
        oldest = ".".join(str(part) for part in OLDEST)
        raise QemuError(
            f"QEMU is too old: {banner}", advice=f"pciabi needs {oldest} or newer: --qemu PATH"
        )
    return Binary(name, tuple(command), root, version, banner)
