"""What machine types a QEMU has: it is asked, not assumed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from functools import cache

from pciabi.errors import InputError, QemuError, SourcePosition
from pciabi.qemu.binary import Binary

_LINE = re.compile(r"^(?P<name>\S+) +(?P<description>.+)$", re.MULTILINE)
_ALIAS = re.compile(r"\(alias of (?P<name>[^\s)]+)\)")


def versioned(binary: Binary, machine: str, place: SourcePosition | None) -> str:
    """The machine type that a `-machine` value names, an alias such as `pc` resolved.

    Raises InputError, at `place`, for one this QEMU does not have.
    """
    found = _versioned(binary).get(machine.partition(",")[0].removeprefix("type="))
    if found is None:
        raise unknown(binary, machine, place)
    return found


def unknown(binary: Binary, machine: str, place: SourcePosition | None) -> InputError:
    """The error for a machine type this QEMU does not have."""
    return InputError(
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
        result = subprocess.run(
            [*binary.command, "-machine", "help"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise QemuError(f"{binary.name} -machine help did not answer: {error}") from error
    names = parse(result.stdout)
    if result.returncode != 0 or not names:
        words = result.stderr.strip().splitlines()
        raise QemuError(f"{binary.name} -machine help failed: {words[-1] if words else ''}")
    return names
