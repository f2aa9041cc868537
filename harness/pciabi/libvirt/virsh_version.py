"""The version of a libvirt, in its virsh's own words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pciabi import programs
from pciabi.errors import LibvirtError
from pciabi.programs import Bounds

_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})\.(\d{1,4})", re.ASCII)
_BOUNDS = Bounds(seconds=10, bytes=64_000)


def ask(name: str, command: Sequence[str]) -> tuple[int, int, int]:
    """The version that the virsh says which a command starts. Raises LibvirtError, with the name
    that a user knows it by."""
    try:
        said = programs.run([*command, "--version"], _BOUNDS)
    except programs.Fault as fault:
        raise LibvirtError(f"{name} --version {fault}") from fault
    match = _VERSION.fullmatch(said.text.strip())
    if said.status != 0 or match is None:
        words = programs.first_words(said.complaint, said.text) or "no output"
        raise LibvirtError(f"{name} is not a working virsh: {words}")
    return int(match[1]), int(match[2]), int(match[3])
