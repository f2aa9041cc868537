"""What machine types a QEMU has: it is asked, not assumed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from pciabi import programs
from pciabi.errors import QemuError, Refusal, SourcePosition
from pciabi.programs import Bounds
from pciabi.qemu.binary import Binary

_BOUNDS = Bounds(seconds=20)
_LINE = re.compile(r"^(?P<name>\S+) +(?P<description>.+)$", re.MULTILINE)
_ALIAS = re.compile(r"\(alias of (?P<name>[^\s)]+)\)")


def versioned(binary: Binary, machine: str, place: SourcePosition | None) -> str:
    """The machine type that a `-machine` value names, an alias such as `pc` resolved.

    Raises Refusal, at `place`, for one this QEMU does not have.
    """
    found = _versioned(binary).get(machine.partition(",")[0].removeprefix("type="))
    if found is None:
        raise unknown(binary, machine, place)
    return found


def unknown(binary: Binary, machine: str, place: SourcePosition | None) -> Refusal:
    """The error for a machine type this QEMU does not have."""
    return Refusal(
        f"unknown machine type '{machine}'",
        advice=f"{binary.name} -machine help lists those of QEMU {binary.version_text}",
        place=place,
    )


def parse(listing: str) -> Mapping[str, str]:
    """What `-machine help` prints, as the versioned name of every name."""
    names: dict[str, str] = {}
    for line in _LINE.finditer(listing):
        alias = _ALIAS.search(line["description"])
        names[line["name"]] = alias["name"] if alias else line["name"]
    return names


@cache
def _versioned(binary: Binary) -> Mapping[str, str]:
    try:
        said = programs.run([*binary.command, "-machine", "help"], _BOUNDS)
    except programs.Fault as fault:
        raise QemuError(f"{binary.name} -machine help {fault}") from fault
    names = parse(said.text)
    if said.status != 0 or not names:
        words = programs.last_words(said.complaint) or "no machine type"
        raise QemuError(f"{binary.name} -machine help failed: {words}")
    return names
