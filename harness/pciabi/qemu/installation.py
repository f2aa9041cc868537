"""What a path leads to that a user gives for a QEMU: a program, a build, or a root.

A root is a folder that a distribution is unpacked in, wherever that puts its QEMU. A program in a
root is recognised by the loader that the root has for it: it runs on the root's files, not on the
host's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from pciabi.errors import QemuError
from pciabi.qemu import layout_search, loader, root_links, root_path, running_process
from pciabi.qemu.layout import Layout
from pciabi.qemu.running_process import RunningQemu
from pciabi.qemu.spec import Running

_HOST = Path("/")
_TARGET = "qemu-system-x86_64"
_NAMES = (_TARGET, "qemu-kvm", "kvm")
# As a distribution's root has them, then as an installation has them below its prefix.
_FOLDERS = ("usr/bin", "usr/libexec", "usr/sbin", "usr/local/bin", "usr/lib*/qemu*")
_PREFIX_FOLDERS = ("bin", "libexec")
# What a build has beside its program where it has no bundle.
_BUILT_DATA = "pc-bios"


@dataclass(frozen=True)
class Installation:
    """A QEMU's program, and the folder that its own firmware lies below.

    `layout` is what the program is started with, None where it is started as it is; `data` are
    then folders of firmware that it looks into before its own. `origin` says where it comes from
    if its place does not. `other_roms` says whose option ROMs it was to show, where others have
    taken their place.
    """

    program: Path
    root: Path
    layout: Layout | None
    data: tuple[Path, ...] = ()
    origin: str = ""
    other_roms: str = ""


def of(path: Path) -> Installation | None:
    """What a path leads to; None for a program of the host's, which is started as any is, and
    for what is not there.

    Raises QemuError where that is no QEMU or not all that it takes, CannotTest where the cache
    cannot be written.
    """
    # Lexically: a link in a root is not the host's to follow.
    path = Path(os.path.normpath(path.absolute()))
    try:
        return _of_folder(path) if path.is_dir() else _of_file(path)
    except OSError as error:
        where = error.filename or path
        raise QemuError(f"{where} cannot be looked at: {error.strerror}") from error


def of_process(process: Running) -> Installation:
    """The QEMU of a process that runs, with the files of the root folder it sees.

    Raises InputError for a process that runs something else, QemuError where it is gone, may not
    be looked at, or where its file is no longer in a root that is not this machine's.
    """
    qemu = running_process.of(process)
    origin = f"QEMU of process {process.pid}"
    if qemu.replaced:
        origin += ", whose file was deleted or replaced since"
    found = replace(_installed(process, qemu), origin=origin)
    if qemu.saw_other_roms((*found.data, *_data_folders(found))):
        return replace(found, other_roms=f"the option ROMs that process {process.pid} has shown")
    return found


def _installed(process: Running, qemu: RunningQemu) -> Installation:
    if qemu.root == _HOST:
        there = None if qemu.replaced else of(Path(qemu.name))
        if there is not None and there.layout is not None:
            return _looking_first(there.layout, qemu.data)
        root = _HOST if there is None else there.root
        return Installation(qemu.program, root, None, qemu.data)
    if qemu.replaced:
        raise QemuError(
            f"{qemu.name}, which process {process.pid} runs, was deleted or replaced in the root "
            "folder that the process sees, and is no good without it",
            advice="unpack its packages into a folder, and name that",
        )
    layout = layout_search.look(qemu.root, root_path.resolve(qemu.root, str(qemu.name)))
    return _looking_first(layout, qemu.data)


def _data_folders(found: Installation) -> tuple[Path, ...]:
    if found.layout is not None:
        return found.layout.data
    return layout_search.told_data_folders((str(found.program),))


def _looking_first(layout: Layout, folders: tuple[Path, ...]) -> Installation:
    """An installation in a root that looks for firmware in these folders before its own."""
    layout = replace(layout, data=(*folders, *layout.data))
    return Installation(layout.program, layout.root, layout)


def _of_folder(folder: Path) -> Installation:
    for build in (folder, folder / "build"):
        if _is_built(build / _TARGET):
            return _in_build(build / _TARGET)
    program = _first(folder, _FOLDERS)
    if program is not None:
        return _in_root(folder, program)
    program = _first(folder, _PREFIX_FOLDERS)
    if program is not None:
        return Installation(program, _HOST, None)
    names = f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]}"
    raise QemuError(
        f"there is no QEMU in {folder}: no program {names} in "
        f"{', '.join((*_FOLDERS, *_PREFIX_FOLDERS))}, and no {_TARGET} of a build",
        advice="name the program itself",
    )


def _of_file(path: Path) -> Installation | None:
    if _is_built(path):
        return _in_build(path)
    for root in path.parents:
        if root != _HOST and (root / "usr").is_dir():
            program = root_path.resolve(root, root_path.inside(root, path))
            needs = layout_search.needs_of(program) if program.is_file() else None
            if needs is not None and needs.interpreter and loader.find(root, needs):
                return _in_root(root, program)
    needs = layout_search.needs_of(path) if path.is_file() else None
    if needs is not None:
        layout_search.must_run_here(path, needs)
    return None


def _first(folder: Path, folders: tuple[str, ...]) -> Path | None:
    """The first program of a QEMU's name in folders of a root: what is none, such as a script
    that starts another, is passed over."""
    for name in _NAMES:
        for pattern in folders:
            for place in root_path.matching(folder, f"{pattern}/{name}"):
                if place.is_file() and layout_search.needs_of(place) is not None:
                    return place
    return None


def _in_root(root: Path, program: Path) -> Installation:
    if root == _HOST:
        return Installation(program, _HOST, None)
    real = root.resolve()
    name = root_links.speakable(real)
    layout = layout_search.look(name, name / program.resolve().relative_to(real))
    return Installation(layout.program, layout.root, layout)


def _is_built(program: Path) -> bool:
    beside = (program.parent / name for name in (root_path.BUNDLE, _BUILT_DATA))
    return program.is_file() and any(place.is_dir() for place in beside)


def _in_build(program: Path) -> Installation:
    """A build runs as it is, with the libraries it was built with, and finds its own data."""
    bundle = program.parent / root_path.BUNDLE
    return Installation(program, bundle if bundle.is_dir() else program.parent, None)
