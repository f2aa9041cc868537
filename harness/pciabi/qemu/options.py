"""Which options a QEMU knows: it is asked, not assumed."""

from __future__ import annotations

import re
from collections.abc import Collection

from pciabi import programs
from pciabi.errors import QemuError
from pciabi.programs import Bounds
from pciabi.qemu.binary import Binary

_BOUNDS = Bounds(seconds=20, bytes=64_000)
_UNKNOWN = re.compile(r": -(?P<name>\S+): invalid option$", re.MULTILINE)


def unknown_options(binary: Binary, names: Collection[str]) -> frozenset[str]:
    """Those of some options, by their names without dashes, that a QEMU does not know.

    It looks up every option before it heeds any (qemu_init in system/vl.c), and the first one here
    is `-version`, which ends it: none of the others has an effect. Raises QemuError, Interrupted.
    """
    wanted, unknown = sorted(set(names)), set[str]()
    while wanted:
        name = _first_unknown(binary, wanted)
        if name is None:
            break
        wanted.remove(name)
        unknown.add(name)
    return frozenset(unknown)


def _first_unknown(binary: Binary, names: Collection[str]) -> str | None:
    # What takes an argument takes the word behind it, which is a disk image's name otherwise.
    asked = [word for name in names for word in (f"-{name}", "x")]
    try:
        said = programs.run([*binary.command, "-version", *asked], _BOUNDS)
    except programs.Fault as fault:
        raise QemuError(f"{binary.name} -version {fault}") from fault
    if said.status == 0:
        return None
    match = _UNKNOWN.search(said.complaint)
    if match is None or match["name"] not in names:
        words = programs.first_words(said.complaint) or "no output"
        raise QemuError(f"{binary.name} does not tell which options it knows: {words}")
    return match["name"]
