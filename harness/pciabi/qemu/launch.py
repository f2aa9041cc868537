"""How a QEMU that is unpacked in a folder is started, with all that is its own.

Its loader and libraries come from the folder, and so do firmware and option ROMs. Its loadable
modules it is told of by a variable. What it does not find there, it looks for at an absolute
path, where the host may have another QEMU's modules: it would load those, and abort; or another
QEMU's option ROMs, and show them to the guest. Then it runs in a mount namespace of its own, in
which its own folders lie over the host's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pciabi import programs
from pciabi.errors import QemuError
from pciabi.programs import Bounds
from pciabi.qemu import root_path
from pciabi.qemu.layout import ROMS, Layout
from pciabi.resources import cache_folder

# What a released QEMU of Debian's has where, once it is in the cache.
PROGRAM = "usr/bin/qemu-system-x86_64"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = f"{LIBRARIES}/ld-linux-x86-64.so.2"
MODULES = f"{LIBRARIES}/qemu"
FIRMWARE = ("usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe/qemu")
HOST = Path("/")
_NOTHING = "nothing"
_BOUNDS = Bounds(seconds=10, bytes=64_000)
# exec all the way: the process stays the one that was forked, with its descriptors and its
# parent-death signal.
_MOUNTED = (
    'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 1; shift 2; done; shift; exec "$@"'
)
_ROOT, _USER = ("unshare", "--mount"), ("unshare", "--map-root-user", "--mount")


def released(root: Path) -> Layout:
    """What a released QEMU of Debian's has, which is unpacked in `root`."""
    return Layout(
        root=root,
        program=root / PROGRAM,
        loader=root / LOADER,
        libraries=(root / LIBRARIES,),
        modules=root / MODULES,
        data=tuple(root / folder for folder in FIRMWARE),
        strange_modules=Path("/") / MODULES,
    )


def command(layout: Layout) -> tuple[str, ...]:
    """What goes in front of QEMU's arguments.

    Raises QemuError where that takes a mount namespace and there is none to be had.
    """
    start = [] if layout.modules is None else ["env", f"QEMU_MODULE_DIR={layout.modules}"]
    start += layout.start
    for folder in layout.data:
        start += ["-L", str(folder)]
    covered = (*_modules_to_cover(layout), *_data_to_cover(layout))
    return (*(_namespace(covered) if covered else ()), *start)


def as_user(command: Sequence[str]) -> tuple[str, ...]:
    """A command of `command` for a process that is not root, whoever it was made for."""
    if tuple(command[: len(_ROOT)]) == _ROOT:
        return (*_USER, *command[len(_ROOT) :])
    return tuple(command)


def _modules_to_cover(layout: Layout) -> Iterator[tuple[Path, Path]]:
    """The QEMU's own folder and the host's, where that has what the QEMU's own has not: whatever
    it has itself, it finds first."""
    own, strange = layout.modules, layout.strange_modules
    if own is not None and strange is not None:
        hosts = HOST / strange.relative_to("/")
        if _names(hosts, "*.so") - _names(own, "*.so"):
            yield _cover(layout, own), hosts


def _data_to_cover(layout: Layout) -> Iterator[tuple[Path, Path]]:
    own = frozenset(name for folder in layout.data for name in _names(folder, *ROMS))
    for strange in layout.strange_data:
        hosts = HOST / strange.relative_to("/")
        if _names(hosts, *ROMS) - own:
            yield _cover(layout, layout.data[-1]), hosts


def _cover(layout: Layout, own: Path) -> Path:
    """What lies over a folder of the host's: the QEMU's own. The kernel takes none of another
    mount namespace's, and then it is a folder without anything."""
    if not root_path.is_held(layout.root):
        return own
    nothing = cache_folder() / _NOTHING
    nothing.mkdir(exist_ok=True)
    return nothing


def _names(folder: Path, *patterns: str) -> frozenset[str]:
    return frozenset(path.name for pattern in patterns for path in folder.glob(pattern))


def _namespace(covered: tuple[tuple[Path, Path], ...]) -> tuple[str, ...]:
    kinds = (_ROOT, _USER) if os.geteuid() == 0 else (_USER,)
    folders = [str(place) for pair in covered for place in pair]
    complaint = ""
    for namespace in kinds:
        prefix = (*namespace, "--", "sh", "-c", _MOUNTED, "sh", *folders, "--")
        complaint = _complaint(prefix)
        if not complaint:
            return prefix
    hosts = " and ".join(str(place) for _, place in covered)
    raise QemuError(
        f"a QEMU of another release needs a mount namespace, because the host has files of its "
        f"own in {hosts}: {complaint}",
        advice="allow user namespaces, or remove the host's QEMU packages",
    )


def _complaint(prefix: tuple[str, ...]) -> str:
    try:
        said = programs.run([*prefix, "true"], _BOUNDS)
    except programs.Fault as fault:
        return f"{prefix[0]} {fault}"
    if said.status == 0:
        return ""
    return programs.first_words(said.complaint) or f"exit status {said.status}"
