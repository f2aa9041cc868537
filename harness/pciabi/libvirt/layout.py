"""What of a released libvirt lies where, once it is in the cache, and how its virsh is started."""

from __future__ import annotations

from pathlib import Path

PROGRAM = "usr/bin/virsh"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = f"{LIBRARIES}/ld-linux-x86-64.so.2"
DRIVERS = f"{LIBRARIES}/libvirt/connection-driver"
DISK_FILES = f"{LIBRARIES}/libvirt/storage-file"
DATA = "usr/share/libvirt"
"""The CPU models, which libvirt looks for at this place below `/` and nowhere else."""
DRIVER = f"{DRIVERS}/libvirt_driver_qemu.so"


def command(root: Path) -> tuple[str, ...]:
    """What starts the virsh of a release, with its own libraries and drivers.

    Of its data it finds the host's, where nothing lies over them.
    """
    return (
        *("/usr/bin/env", f"LIBVIRT_DRIVER_DIR={root / DRIVERS}"),
        f"LIBVIRT_STORAGE_FILE_DIR={root / DISK_FILES}",
        *(str(root / LOADER), "--library-path", str(root / LIBRARIES), str(root / PROGRAM)),
    )
