"""How many processors the machine types of a QEMU take: it is asked, not assumed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from pciabi import programs
from pciabi.errors import QemuError
from pciabi.programs import Bounds
from pciabi.qemu.binary import Binary

_BOUNDS = Bounds(60, 4_000_000)


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
    given = "".join(f'{{"execute": "{command}"}}\n' for command in commands)
    try:
        said = programs.run([*binary.command, *arguments], _BOUNDS, given.encode())
        answers = [json.loads(line) for line in said.text.splitlines()]
    except (programs.Fault, ValueError) as error:
        raise QemuError(f"{binary.name} did not list its machine types: {error}") from error
    lists = [answer["return"] for answer in answers if isinstance(answer.get("return"), list)]
    return tuple(lists[0]) if lists else ()
