"""The libvirt installed on this machine, by its version alone."""

from __future__ import annotations

import re
import shutil
from functools import cache

from pciabi import programs
from pciabi.programs import Bounds

_BOUNDS = Bounds(seconds=10, bytes=10_000)
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)\s*")


@cache
def version() -> tuple[int, int, int] | None:
    """The version of the virsh on PATH; None where there is none, or none that says it."""
    virsh = shutil.which("virsh")
    if virsh is None:
        return None
    try:
        said = programs.run([virsh, "--version"], _BOUNDS)
    except programs.Fault:
        return None
    match = _VERSION.fullmatch(said.text)
    return (int(match[1]), int(match[2]), int(match[3])) if match is not None else None
