"""The libvirt installed on this machine, by its version alone."""

from __future__ import annotations

import shutil
from functools import cache

from pciabi.errors import LibvirtError
from pciabi.libvirt import virsh_version


@cache
def version() -> tuple[int, int, int] | None:
    """The version of the virsh on PATH; None where there is none, or none that says it."""
    virsh = shutil.which("virsh")
    if virsh is None:
        return None
    try:
        return virsh_version.ask(virsh, (virsh,))
    except LibvirtError:
        return None
