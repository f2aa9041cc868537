"""What a user may write for a libvirt, in every command: `libvirt:VERSION` and with its QEMU."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.distribution import suites
from pciabi.distribution.suites import Suite, Version
from pciabi.errors import InputError
from pciabi.libvirt.suites import SUITES
from pciabi.qemu import spec

PREFIX = "libvirt:"
INSTALLED = ("host", "installed")
ACCEPTED = (
    "libvirt:VERSION, such as libvirt:11.3 or libvirt:debian:trixie, with the QEMU of the same "
    "suite, libvirt:VERSION@QEMU with another, or libvirt:host"
)
"""What a SPEC of a libvirt may be, for help texts and errors."""


@dataclass(frozen=True)
class Installed:
    """The libvirt that is installed here: the `virsh` on PATH."""

    def __str__(self) -> str:
        return INSTALLED[0]


@dataclass(frozen=True)
class Wanted:
    """A libvirt, and the SPEC of the QEMU it is to run; None for the one that goes with it."""

    libvirt: Suite | Version | Installed
    qemu: str | None = None

    def __str__(self) -> str:
        return f"{PREFIX}{self.libvirt}" + (f"@{self.qemu}" if self.qemu else "")


def is_meant(text: str) -> bool:
    """Whether a SPEC names a libvirt."""
    return text.startswith(PREFIX)


def parse(text: str) -> Wanted:
    """What a SPEC that begins with `libvirt:` means. Raises InputError for anything else, for
    a QEMU of a running process, and as `qemu.spec.parse` does for the QEMU behind the `@`."""
    # No version of a package has an @; a path to a QEMU may have.
    libvirt, at, qemu = text.removeprefix(PREFIX).partition("@")
    if not is_meant(text) or (at and not qemu):
        raise InputError(f"'{text}' names no libvirt", advice=ACCEPTED)
    if at and isinstance(spec.parse(qemu), spec.Running):
        # Its file, that may be gone from everywhere else, is seen by us alone.
        raise InputError(
            f"a libvirt cannot run {qemu}, the QEMU of a running process",
            advice="name its program by a path, or its version",
        )
    return Wanted(_libvirt(libvirt, text), qemu or None)


def released(text: str) -> Suite | Version:
    """A word that must mean a released libvirt, with or without `libvirt:` in front.

    Raises InputError.
    """
    found = _libvirt(text.removeprefix(PREFIX), text)
    if isinstance(found, Installed):
        raise InputError(
            f"'{text}' names no released libvirt", advice="a version such as 9.0, or debian:trixie"
        )
    return found


def _libvirt(word: str, text: str) -> Suite | Version | Installed:
    if word in INSTALLED:
        return Installed()
    found = suites.parse(word, SUITES)
    if found is None:
        raise InputError(f"'{text}' names no libvirt", advice=ACCEPTED)
    return found
