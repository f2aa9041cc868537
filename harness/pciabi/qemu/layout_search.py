"""Where an unpacked root has what its QEMU runs on: found by looking, whoever packed it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from pciabi import elf, programs
from pciabi.elf import Needs
from pciabi.errors import QemuError
from pciabi.programs import Bounds
from pciabi.qemu import loader, root_links, root_path
from pciabi.qemu.layout import ROMS, Layout

_BOUNDS = Bounds(seconds=20, bytes=64_000)
_HEAD = 4
_MOST_PROGRAM = 1_000_000_000
_MACHINES = {"x86_64": "EM_X86_64", "aarch64": "EM_AARCH64"}
_MODULE = re.compile(r"(?:accel|audio|block|chardev|hw|ui)-.+\.so")
# QEMU asks for this variable where it was built with loadable modules.
_MODULAR = b"QEMU_MODULE_DIR"
# One of them starts every PC.
_BIOS = ("bios-256k.bin", "bios.bin")
# It comes with QEMU itself; the rest may be of other packages.
_OWN = "kvmvapic.bin"
_DATA_FOLDERS = ("usr/share/*", "usr/local/share/*", "usr/share/ipxe/*", "usr/lib/ipxe/*")
_HOST = Path("/")


def needs_of(program: Path) -> Needs | None:
    """What a program needs to be started; None for what is no ELF program, such as a script.

    Raises QemuError where it cannot be read.
    """
    try:
        with program.open("rb") as file:
            head = file.read(_HEAD)
            content = head + file.read(_MOST_PROGRAM) if elf.is_elf(head) else b""
    except OSError as error:
        raise QemuError(f"{program} cannot be read: {error.strerror}") from error
    try:
        return elf.needs(content) if content else None
    except ValueError:
        return None


def must_run_here(program: Path, needs: Needs) -> None:
    """Raise QemuError for a program that is made for another processor than this machine's."""
    if needs.machine != _MACHINES.get(platform.machine(), needs.machine):
        processor = needs.machine.removeprefix("EM_")
        raise QemuError(f"{program} is a program for another processor, {processor}")


def look(root: Path, program: Path) -> Layout:
    """What the root has for a program in it. Raises QemuError for what is missing, naming where
    it was looked for; CannotTest where the cache cannot be written."""
    needs = needs_of(program)
    if needs is None:
        raise QemuError(f"{program} is no program that can be started with the files of {root}")
    must_run_here(program, needs)
    layout = Layout(root, program, None, (), None, ())
    if needs.interpreter is not None:
        layout = _with_libraries(layout, needs)
    layout = _with_modules(layout)
    if layout.loader is not None:
        loader.must_find_all(layout.loader, layout)
    return _with_data(layout)


def _with_libraries(layout: Layout, needs: Needs) -> Layout:
    root, program = layout.root, layout.program
    own = loader.find(root, needs)
    if own is None:
        raise QemuError(
            f"{root} has no loader for {program.name}: neither {needs.interpreter} nor a file of "
            f"that name in {', '.join(loader.FOLDERS)}",
            advice="unpack the package of the C library into the same folder",
        )
    folders = loader.library_folders(root, own, program, needs)
    return replace(layout, loader=own, libraries=_with_strays(root, folders))


def _with_strays(root: Path, folders: tuple[Path, ...]) -> tuple[Path, ...]:
    strays = root_links.strays(root, folders)
    return (root_links.linked(strays), *folders) if strays else folders


def _with_modules(layout: Layout) -> Layout:
    """With the folder of loadable modules that the QEMU was built to look into, or else one that
    has some; and with the host's folder of that name."""
    content = layout.program.read_bytes()
    if _MODULAR not in content:
        return layout
    own = _module_folders(layout.root, layout.libraries)
    built_in = [name for name in own if _is_said(name, content)]
    having = [name for name, place in own.items() if any(map(_is_module, place.iterdir()))]
    # A folder without any is as good as none: QEMU is told to look there, and not elsewhere.
    empty = layout.libraries[0] if layout.libraries else layout.program.parent
    chosen = next((own[name] for name in (*built_in, *having)), empty)
    hosts = [name for name in _host_module_folders() if _is_said(name, content)]
    strange = next(iter((*built_in, *hosts)), None)
    return replace(
        layout, modules=chosen, strange_modules=None if strange is None else Path(strange)
    )


def _module_folders(root: Path, libraries: Iterable[Path]) -> dict[str, Path]:
    """All folders beside libraries, by their names inside the root."""
    places = [
        place
        for library in libraries
        if library.is_relative_to(root)
        for place in root_path.matching(root, f"{root_path.inside(root, library)}/*")
        if place.is_dir()
    ]
    return {str(root_path.inside(root, place)): place for place in places}


def _host_module_folders() -> Iterator[str]:
    libraries = [place for folder in loader.FOLDERS for place in root_path.matching(_HOST, folder)]
    for name, place in _module_folders(_HOST, libraries).items():
        if any(map(_is_module, place.iterdir())):
            yield name


def _is_module(path: Path) -> bool:
    return _MODULE.fullmatch(path.name) is not None


def _is_said(name: str, content: bytes) -> bool:
    """Whether a program has the name of a folder written in it."""
    return name.encode() + b"\0" in content


def _with_data(layout: Layout) -> Layout:
    """With the folders of data that the QEMU itself says it looks into; where they lack what
    starts a PC, all of the root that have some."""
    names = [_inside(layout, str(told)) for told in told_data_folders(layout.start)]
    places = [root_path.resolve(layout.root, name) for name, _ in names]
    if not _is_whole(places):
        places = _firmware_folders(layout.root)
    if not _is_whole(places):
        looked = ", ".join(dict.fromkeys((*(str(name) for name, _ in names), *_DATA_FOLDERS)))
        raise QemuError(
            f"{layout.root} has no firmware for {layout.program.name}: no {_BIOS[0]} and "
            f"{_OWN} in {looked}",
            advice="unpack QEMU's data and SeaBIOS into the same folder",
        )
    folders = tuple(dict.fromkeys(place for place in places if place.is_dir()))
    strange = tuple(Path(name) for name, absolute in names if absolute)
    return replace(layout, data=_with_strays(layout.root, folders), strange_data=strange)


def _is_whole(folders: Iterable[Path]) -> bool:
    """Whether folders hold what starts a PC: a BIOS, and what QEMU itself brings for it. Either
    may be a link that only the root can follow."""
    names = {path.name for folder in folders if folder.is_dir() for path in folder.iterdir()}
    return _OWN in names and not names.isdisjoint(_BIOS)


def _firmware_folders(root: Path) -> list[Path]:
    """The folders of a root with firmware or option ROMs, QEMU's own before others' packages."""
    folders = [
        place
        for pattern in _DATA_FOLDERS
        for place in root_path.matching(root, pattern)
        if place.is_dir() and any(any(place.glob(name)) for name in (*ROMS, _OWN))
    ]
    return sorted(dict.fromkeys(folders), key=lambda place: not os.path.lexists(place / _OWN))


def told_data_folders(command: Sequence[str]) -> tuple[Path, ...]:
    """The folders of data that a QEMU says it looks into. Raises QemuError."""
    program = command[-1]
    try:
        answer = programs.run([*command, "-L", "help"], _BOUNDS)
    except programs.Fault as fault:
        raise QemuError(f"{program} -L help {fault}") from fault
    if answer.status != 0:
        words = programs.first_words(answer.complaint, answer.text) or f"status {answer.status}"
        raise QemuError(f"{program} is not a working QEMU: {words}")
    return tuple(Path(line) for line in answer.text.splitlines() if line.startswith("/"))


def _inside(layout: Layout, line: str) -> tuple[PurePosixPath, bool]:
    """What a folder that QEMU names is called inside the root, and whether QEMU would look into
    the host's folder of that name.

    A QEMU that may be moved names it beside the program that runs, which is the loader; one that
    may not, by the name it was built with.
    """
    running = os.path.realpath(layout.loader or layout.program)
    beside = str(Path(running).parent)
    if not line.startswith(f"{beside}/"):
        return PurePosixPath("/") / line.lstrip("/"), True
    folder = root_path.inside(layout.root, layout.program).parent
    built = folder if folder.name in {"bin", "sbin"} else folder.parent / "bin"
    steps = os.path.normpath(f"{built}{line.removeprefix(beside)}")
    return PurePosixPath(steps), False
