"""What a user may write for a QEMU, in every command: the one parser of a SPEC."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.errors import InputError
from pciabi.qemu.suites import PREFIX, SUITES, VERSION, Suite, Version

ACCEPTED = "a path (a program, an unpacked root, a build), a version such as 10.0, or debian:SUITE"
"""What a SPEC may be, for help texts and errors."""


@dataclass(frozen=True)
class Place:
    """A QEMU by where it lies: a path, or a program's name on PATH."""

    text: str

    def __str__(self) -> str:
        return self.text


def parse(text: str) -> Place | Suite | Version:
    """What a SPEC means; whatever names no suite and no version is a place.

    Raises InputError for a suite that is not known.
    """
    if text.startswith(PREFIX):
        name = text.removeprefix(PREFIX)
        found = next((suite for suite in SUITES if suite.name == name), None)
        if found is None:
            known = ", ".join(suite.name for suite in SUITES)
            raise InputError(f"no suite '{name}' is known", advice=f"there are: {known}")
        return found
    return Version(text) if VERSION.fullmatch(text) else Place(text)


def released(text: str) -> Suite | Version:
    """A SPEC that must mean a released QEMU. Raises InputError for a place too."""
    found = parse(text)
    if isinstance(found, Place):
        raise InputError(
            f"'{text}' names no released QEMU", advice="a version such as 10.0, or debian:trixie"
        )
    return found
