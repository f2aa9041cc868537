"""The dynamic loader of an unpacked root, and the folders it finds libraries in.

Started as a program it takes the folders as an argument, and knows nothing of the root's own
/etc/ld.so.conf: that is read here. What it does not find there it takes from the host's folders
without a word, so the listing it prints is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pciabi import programs
from pciabi.elf import Needs
from pciabi.errors import QemuError
from pciabi.programs import Bounds
from pciabi.qemu import root_path
from pciabi.qemu.layout import Layout

# Where distributions keep libraries; a folder of another word size is passed over by the loader.
FOLDERS = ("lib64", "usr/lib64", "lib", "usr/lib", "lib/*-linux-*", "usr/lib/*-linux-*")
_CONFIGURATION = "/etc/ld.so.conf"
_MOST_CONFIGURATION = 100_000
_DEVICES = ("accel-*.so", "hw-*.so")
_BOUNDS = Bounds(seconds=20)


def find(root: Path, needs: Needs) -> Path | None:
    """The root's own loader for a program; None where the root has none.

    Packages that are unpacked one by one may lack the link that a program names it by.
    """
    interpreter = PurePosixPath(needs.interpreter or "")
    places = [root_path.resolve(root, interpreter)]
    for folder in FOLDERS:
        places += root_path.matching(root, f"{folder}/{interpreter.name}")
    return next((place for place in places if place.is_file()), None)


def library_folders(root: Path, loader: Path, program: Path, needs: Needs) -> tuple[Path, ...]:
    """The folders to look for a program's libraries in, in the loader's order."""
    origin = str(root_path.inside(root, program.parent))
    own = [
        folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for folder in needs.folders
    ]
    places = [root_path.resolve(root, folder) for folder in own if folder]
    places += _configured(root, _CONFIGURATION, set())
    places.append(loader.parent)
    for folder in FOLDERS:
        places += root_path.matching(root, folder)
    return tuple(dict.fromkeys(place for place in places if place.is_dir()))


def _configured(root: Path, name: str, read: set[Path]) -> Iterator[Path]:
    """The folders that a configuration file of the loader's lists, ld.so.conf(5)-like."""
    place = root_path.resolve(root, name)
    if place in read or not place.is_file():
        return
    read.add(place)
    with place.open("rb") as file:
        text = file.read(_MOST_CONFIGURATION).decode(errors="replace")
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words[:1] == ["include"]:
            for pattern in words[1:]:
                full = str(PurePosixPath("/etc") / pattern)
                for other in root_path.matching(root, full):
                    yield from _configured(root, str(root_path.inside(root, other)), read)
        elif words and words[0].startswith("/"):
            yield root_path.resolve(root, words[0])


def must_find_all(loader: Path, layout: Layout) -> None:
    """Have a root's loader find all libraries of a program, and of the modules that make devices,
    inside the root. Raises QemuError.

    What else a QEMU may load, such as a driver for remote disks, is no part of what a guest sees.
    """
    folders, modules = layout.libraries, []
    if layout.modules is not None:
        folders = (layout.modules, *folders)
        modules = sorted(path.name for kind in _DEVICES for path in layout.modules.glob(kind))
    command: list[str | Path] = [
        *("env", f"LD_PRELOAD={' '.join(modules)}", loader),
        *("--library-path", ":".join(map(str, folders)), "--list", layout.program),
    ]
    try:
        answer = programs.run(command, _BOUNDS)
    except programs.Fault as fault:
        raise QemuError(f"the loader of {layout.root} {fault}") from fault
    strange = (first_outside(answer.text, layout.root) or "").partition(" => ")[0]
    if not strange and answer.status != 0:
        strange = programs.last_words(answer.complaint, answer.text) or f"status {answer.status}"
    if strange:
        raise QemuError(
            f"{layout.root} does not hold all that {layout.program.name} needs: {strange}",
            advice="unpack the packages it depends on into the same folder",
        )


def first_outside(listing: str, root: Path) -> str | None:
    """The first library in a loader's listing that is not below `root`, links followed."""
    for line in listing.splitlines():
        _, arrow, found = line.partition(" => ")
        place = Path(found.rpartition(" (")[0] or found.strip())
        if arrow and not (place.is_absolute() and _is_inside(place, root)):
            return line.strip()
    return None


def _is_inside(place: Path, root: Path) -> bool:
    if not root_path.is_held(root):
        return place.resolve().is_relative_to(root.resolve())
    # The name of such a root says nothing of where it lies.
    if not place.is_relative_to(root) and place.is_symlink():
        place = place.readlink()
    return place.is_relative_to(root) and root_path.is_same(
        place, root_path.resolve(root, root_path.inside(root, place))
    )
