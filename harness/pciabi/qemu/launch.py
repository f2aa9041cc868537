"""How a QEMU that is unpacked in a folder is started, with all that is its own.

Its loader and libraries come from the folder, and so do firmware and option ROMs. Its loadable
modules it is told of by a variable. What it does not find there, it looks for at an absolute
path, where the host may have another QEMU's modules: it would load those, and abort. Then it
runs in a mount namespace of its own, in which its modules lie over the host's.
"""

from __future__ import annotations

import os
from pathlib import Path

from pciabi import programs
from pciabi.errors import QemuError
from pciabi.programs import Bounds

PROGRAM = "usr/bin/qemu-system-x86_64"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = f"{LIBRARIES}/ld-linux-x86-64.so.2"
MODULES = f"{LIBRARIES}/qemu"
FIRMWARE = ("usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe/qemu")
HOST = Path("/")
_BOUNDS = Bounds(seconds=10, bytes=64_000)
# exec all the way: the process stays the one that was forked, with its descriptors and its
# parent-death signal.
_MOUNTED = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
_ROOT, _USER = ("unshare", "--mount"), ("unshare", "--map-root-user", "--mount")


def command(root: Path) -> tuple[str, ...]:
    """What goes in front of QEMU's arguments, for a QEMU unpacked in `root`.

    Raises QemuError where that takes a mount namespace and there is none to be had.
    """
    own, hosts = root / MODULES, HOST / MODULES
    start = ["env", f"QEMU_MODULE_DIR={own}"]
    start += [str(root / LOADER), "--library-path", str(root / LIBRARIES), str(root / PROGRAM)]
    for folder in FIRMWARE:
        start += ["-L", str(root / folder)]
    # Whatever it has itself, it finds first.
    prefix = _namespace(own, hosts) if _modules(hosts) - _modules(own) else ()
    return (*prefix, *start)


def _modules(folder: Path) -> frozenset[str]:
    return frozenset(path.name for path in folder.glob("*.so"))


def _namespace(own: Path, hosts: Path) -> tuple[str, ...]:
    kinds = (_ROOT, _USER) if os.geteuid() == 0 else (_USER,)
    complaint = ""
    for namespace in kinds:
        prefix = (*namespace, "--", "sh", "-c", _MOUNTED, "sh", str(own), str(hosts))
        complaint = _complaint(prefix)
        if not complaint:
            return prefix
    raise QemuError(
        f"a QEMU of another release needs a mount namespace, because the host has modules in "
        f"{hosts}: {complaint}",
        advice="allow user namespaces, or remove the host's qemu-system-common",
    )


def _complaint(prefix: tuple[str, ...]) -> str:
    try:
        said = programs.run([*prefix, "true"], _BOUNDS)
    except programs.Fault as fault:
        return f"{prefix[0]} {fault}"
    if said.status == 0:
        return ""
    return programs.first_words(said.complaint) or f"exit status {said.status}"
