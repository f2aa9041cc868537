"""What of a QEMU's packages it runs on, and whether that is all there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pciabi import programs
from pciabi.distribution import tools
from pciabi.distribution import unpack as unpacking
from pciabi.distribution.progress import Report
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
    unpacking.unpack(archives, _KEPT, work, root, report)
    # A QEMU all of one piece must not find the host's modules either.
    (root / launch.MODULES).mkdir(exist_ok=True)
    for name in (launch.PROGRAM, launch.LOADER):
        if not (root / name).exists():
            raise PackageError(f"the packages bring no {name}")


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
