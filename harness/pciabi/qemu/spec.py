"""What a user may write for a QEMU, in every command: the one parser of a SPEC."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pciabi.distribution import suites
from pciabi.distribution.suites import Suite, Version
from pciabi.errors import InputError
from pciabi.qemu.suites import SUITES

ACCEPTED = (
    "a path (a program, an unpacked root, a build), a version such as 10.0, debian:SUITE, or "
    "proc:PID (the QEMU of a running process)"
)
"""What a SPEC may be, for help texts and errors."""
RUNNING = "proc:"
_PID = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)


@dataclass(frozen=True)
class Place:
    """A QEMU by where it lies: a path, or a program's name on PATH."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Running:
    """A QEMU by a process that runs it."""

    pid: int

    def __str__(self) -> str:
        return f"{RUNNING}{self.pid}"


def parse(text: str) -> Place | Suite | Version | Running:
    """What a SPEC means; whatever names no suite, version or process is a place.

    Raises InputError for a suite that is not known, and for what can be no process's number.
    """
    if text.startswith(RUNNING):
        number = text.removeprefix(RUNNING)
        if not _PID.fullmatch(number):
            raise InputError(f"'{number}' is no process's number", advice="such as proc:4711")
        return Running(int(number))
    return suites.parse(text, SUITES) or Place(text)


def released(text: str) -> Suite | Version:
    """A SPEC that must mean a released QEMU. Raises InputError for a place too."""
    found = parse(text)
    if isinstance(found, (Place, Running)):
        raise InputError(
            f"'{text}' names no released QEMU", advice="a version such as 10.0, or debian:trixie"
        )
    return found
