"""Gets released QEMUs from the Debian archive into the cache."""

from __future__ import annotations

from pathlib import Path

from pciabi.distribution import acquire
from pciabi.distribution.acquire import Recipe, Tried
from pciabi.distribution.progress import Report
from pciabi.distribution.release import Release
from pciabi.distribution.suites import Suite, Version
from pciabi.qemu import binary, launch, unpack
from pciabi.qemu.product import PACKAGE, QEMU


def ensure(wanted: Suite | Version, report: Report) -> Release:
    """The release that is meant, as `distribution.acquire.ensure`; QemuError too."""
    return acquire.ensure(RECIPE, wanted, report)


def fetch(wanted: Suite | Version, mirror: str | None, report: Report) -> Release:
    """The release that an archive holds now, as `distribution.acquire.fetch`; QemuError too."""
    return acquire.fetch(RECIPE, wanted, mirror, report)


def _try_out(suite: Suite, root: Path) -> Tried:
    unpack.must_be_complete(root)
    command = launch.command(launch.released(root))
    tried = binary.ask(f"QEMU of {suite}", command, root)
    unpack.must_load_modules(command)
    return tried.version, tried.banner


RECIPE = Recipe(
    product=QEMU,
    builder="1",
    packages=(
        PACKAGE,
        "qemu-system-common",
        "qemu-system-data",
        "seabios",
        "ipxe-qemu",
        "ovmf",
    ),
    # Devices that later suites have in packages of their own: qxl, virtio-vga-gl.
    where_there=("qemu-system-modules-spice", "qemu-system-modules-opengl"),
    # What OpenGL draws with is large, and loaded only by who draws.
    left_out=("libllvm", "libz3-", "mesa-libgallium"),
    unpack=unpack.unpack,
    try_out=_try_out,
)
