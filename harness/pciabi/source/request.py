"""What a user asks to be read, and with what. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pciabi.qemu.wish import Wish


class Probe(StrEnum):
    """How the hardware of a configuration is read: from a paused QEMU, or by its guest."""

    COLD = "cold"
    BOOT = "boot"


@dataclass(frozen=True)
class Request:
    """One thing to read: a file or a shipped scenario's name.

    `qemu` is a SPEC, None for the QEMU on PATH; `machine` replaces the configuration's machine
    type. `own` names the options that were given for this side alone, as the user has spelled
    them: they must not go unused. `select` picks a case of a scenario's matrix. `families` are
    those whose facts are read, by name. `side` is what the user calls it beside another one
    (`A (before)`), empty where there is one. `seconds` bound the reading, None for what is usual.
    `firmware` is what a booted VM runs in the place of its QEMU's own, in the user's words.
    `libvirt` is the version of the libvirt that writes a domain's command line, None for the one
    installed here or the newest that takes the QEMU.
    """

    name: str
    qemu: str | None
    machine: str | None
    own: tuple[str, ...]
    probe: Probe
    accel: Wish
    select: Mapping[str, frozenset[str]]
    families: frozenset[str]
    side: str = ""
    seconds: float | None = None
    firmware: str | None = None
    libvirt: tuple[int, int, int] | None = None

    @property
    def machine_option(self) -> str:
        """The option that named the machine type."""
        return next((name for name in self.own if "machine" in name), "--machine")
