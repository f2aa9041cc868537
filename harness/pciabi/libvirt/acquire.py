"""Gets released libvirts from the Debian archive into the cache."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pciabi.distribution import acquire, tools, unpack
from pciabi.distribution.acquire import Recipe, Tried
from pciabi.distribution.progress import Report
from pciabi.distribution.release import Release
from pciabi.distribution.suites import Suite, Version
from pciabi.errors import PackageError
from pciabi.libvirt import layout, virsh_version
from pciabi.libvirt.product import LIBVIRT, PACKAGE
from pciabi.qemu import loader

# Other programs, other drivers, configuration, documentation and translations stay behind.
_KEPT = (layout.PROGRAM, layout.LIBRARIES, layout.DATA)


def ensure(wanted: Suite | Version, report: Report) -> Release:
    """The release that is meant, as `distribution.acquire.ensure`; LibvirtError too."""
    return acquire.ensure(RECIPE, wanted, report)


def fetch(wanted: Suite | Version, mirror: str | None, report: Report) -> Release:
    """The release that an archive holds now, as `distribution.acquire.fetch`; LibvirtError too."""
    return acquire.fetch(RECIPE, wanted, mirror, report)


def _unpack(archives: Sequence[Path], work: Path, root: Path, report: Report) -> None:
    unpack.unpack(archives, _KEPT, work, root, report)
    for name in (layout.PROGRAM, layout.LOADER, layout.DRIVER, layout.DATA):
        if not (root / name).exists():
            raise PackageError(f"the packages bring no {name}")
    _drop_other_drivers(root)


def _drop_other_drivers(root: Path) -> None:
    """Drivers of other hypervisors and of the host's networks and disks: the embedded driver
    opens them where it finds them, and then looks at the host."""
    for path in (root / layout.DRIVERS).iterdir():
        if path != root / layout.DRIVER:
            path.unlink()


def _try_out(suite: Suite, root: Path) -> Tried:
    start, libraries = root / layout.LOADER, root / layout.LIBRARIES
    for program in (root / layout.PROGRAM, root / layout.DRIVER):
        command: list[str | Path] = [start, "--library-path", libraries, "--list", program]
        strange = loader.first_outside(tools.output(command).decode(), root)
        if strange:
            raise PackageError(f"the packages bring not all that {program.name} needs: {strange}")
    version = virsh_version.ask(f"virsh of {suite}", layout.command(root))
    return version, f"libvirt {'.'.join(map(str, version))}"


RECIPE = Recipe(
    product=LIBVIRT,
    builder="1",
    packages=(PACKAGE, "libvirt-clients", "libvirt-daemon-driver-qemu"),
    # Of what lies where: the CPU models, and what looks at a disk's file, change packages.
    where_there=("libvirt-common", "libvirt-daemon", "libvirt-daemon-common"),
    left_out=("libllvm", "libz3-"),
    unpack=_unpack,
    try_out=_try_out,
)
