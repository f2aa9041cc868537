"""Which machine types can take the place of one that is gone. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pciabi.qemu.answers import MachineType
from pciabi.result.will_not_start import Choice
from pciabi.vm import machine_calendar, machine_family
from pciabi.vm.machine_calendar import Release
from pciabi.vm.pci_vm import Family

_VERSIONED = re.compile(r"(?P<line>.*?)-?(?P<version>[0-9]{1,3}(?:\.[0-9]{1,3})+)")
_UPSTREAM = {Family.I440FX: "pc-i440fx", Family.Q35: "pc-q35"}
# pc-1.3 and older, before there were two chipsets.
_OLDEST_LINE = "pc"

Version = tuple[int, ...]


@dataclass(frozen=True)
class ReplacementType:
    """A machine type to propose; `deprecated` and `ends` as in Replacement."""

    machine: str
    choice: Choice
    deprecated: bool
    ends: str | None


@dataclass(frozen=True)
class _Versioned:
    """A machine type with the line it is of, such as `pc-q35` or `pc-q35-rhel`, and its version
    there."""

    type: MachineType
    version: Version


def replacement_types(
    gone: str, machines: Sequence[MachineType], qemu: Release
) -> tuple[ReplacementType, ...]:
    """The nearest machine type of those that the QEMU of that release has, and the oldest one of
    them that is not deprecated; one that is both stands once. `gone` is a versioned name.

    Those of its own line (QEMU's own versions, or one distribution's) come before QEMU's own of the
    same chipset, among which none is nearest: a distribution counts otherwise.
    """
    line, version = _line_and_version(gone)
    candidates = _of_line(line, machines) if line else []
    is_comparable = bool(candidates) and version is not None
    if not candidates:
        candidates = _of_line(_UPSTREAM.get(machine_family.family_on_x86(gone), ""), machines)
    found = []
    if is_comparable and version is not None:
        found.append((Choice.NEAREST, _nearest(version, candidates)))
    kept = [one for one in candidates if not one.type.deprecated]
    if kept:
        found.append((Choice.OLDEST_TO_STAY, min(kept, key=lambda one: one.version)))
    return tuple(_each_once(found, qemu))


def _each_once(
    found: Sequence[tuple[Choice, _Versioned]], qemu: Release
) -> Iterator[ReplacementType]:
    names = set()
    for choice, one in found:
        if one.type.name not in names:
            names.add(one.type.name)
            yield ReplacementType(
                one.type.name, choice, one.type.deprecated, _end(one.type.name, qemu)
            )


def _nearest(version: Version, candidates: Sequence[_Versioned]) -> _Versioned:
    """The next newer one, or the newest where none is newer."""
    newer = [one for one in candidates if one.version >= version]
    if newer:
        return min(newer, key=lambda one: one.version)
    return max(candidates, key=lambda one: one.version)


def _of_line(line: str, machines: Sequence[MachineType]) -> list[_Versioned]:
    found = []
    for one in machines:
        of, version = _line_and_version(one.name)
        if line and of == line and version is not None:
            found.append(_Versioned(one, version))
    return found


def _line_and_version(name: str) -> tuple[str, Version | None]:
    match = _VERSIONED.fullmatch(name)
    if match is None:
        return "", None
    line = match["line"]
    if line == _OLDEST_LINE:
        line = _UPSTREAM[Family.I440FX]
    return line, tuple(int(part) for part in match["version"].split("."))


def _end(name: str, qemu: Release) -> str | None:
    """The release that deletes it, None where nobody announced that, or where it should be gone
    already: then whoever built this QEMU has another calendar."""
    life = machine_calendar.life(name)
    if life is None or life.is_deleted_in(qemu):
        return None
    return str(life.deleted)
