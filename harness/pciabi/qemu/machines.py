"""What machine types a QEMU has: it is asked, not assumed."""

from __future__ import annotations

import json
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


def most_processors(binary: Binary, machine: str | None) -> int | None:
    """How many processors a machine type takes, QEMU's default one for None; None for a type
    this QEMU does not have. Raises QemuError."""
    for entry in _queried(binary):
        if machine in (entry.get("name"), entry.get("alias")) or (
            machine is None and entry.get("is-default")
        ):
            most = entry.get("cpu-max")
            return most if isinstance(most, int) else None
    return None


@cache
def _queried(binary: Binary) -> tuple[Mapping[str, object], ...]:
    """QMP's `query-machines`, asked of a QEMU without a machine."""
    commands = ("qmp_capabilities", "query-machines", "quit")
    arguments = ("-machine", "none", "-nodefaults", "-display", "none", "-S", "-qmp", "stdio")
    try:
        result = subprocess.run(
            [*binary.command, *arguments],
            input="".join(f'{{"execute": "{command}"}}\n' for command in commands),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        answers = [json.loads(line) for line in result.stdout.splitlines()]
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise QemuError(f"{binary.name} did not list its machine types: {error}") from error
    lists = [answer["return"] for answer in answers if isinstance(answer.get("return"), list)]
    return tuple(lists[0]) if lists else ()


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
