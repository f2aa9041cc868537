"""A waiver: one accepted difference, with its scope, its reason and its end. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from pciabi.abi.change import Change
from pciabi.abi.naming import MACHINE_LABEL
from pciabi.abi.snapshot import Snapshot
from pciabi.errors import SourcePosition
from pciabi.result.side import Side
from pciabi.result.will_not_start import Gone, Missing, WillNotStart

WILL_NOT_START = "will-not-start"
"""The fact of a VM that the later hypervisor refuses. Only this word waives it, and no glob."""

_VERSION = re.compile(r"version ([0-9]+(?:\.[0-9]+)*)")
_GLOB = frozenset("*?[")
_HEX = re.compile(r"0x[0-9a-f]+")


def means(pattern: str, *words: str | None) -> bool:
    """Whether a pattern means one of the words; a word with brackets in it means itself."""
    there = [word for word in words if word is not None]
    if pattern in there or _GLOB.isdisjoint(pattern):
        return pattern in there
    return any(fnmatchcase(word, pattern) for word in there)


@dataclass(frozen=True)
class Hypervisor:
    """A hypervisor by its version, such as `10.0.13`, and its whole version line."""

    version: str
    line: str

    def is_meant_by(self, pattern: str) -> bool:
        """Whether a waiver's word means it: the beginning of its version (`10.0`), or a glob over
        the version or the line, which names the package."""
        parts, wanted = self.version.split("."), pattern.split(".")
        return parts[: len(wanted)] == wanted or means(pattern, self.version, self.line)


@dataclass(frozen=True)
class Upgrade:
    """Under which two hypervisors, and as which machine types, a VM was looked at."""

    before: Hypervisor
    after: Hypervisor
    machines: tuple[str, ...]

    @classmethod
    def between(cls, before: Side, after: Side) -> Upgrade:
        """Of two sides that were read."""
        origins = before.snapshot.provenance, after.snapshot.provenance
        old, new = (Hypervisor(origin.qemu_version, origin.qemu_package) for origin in origins)
        return cls(old, new, tuple(dict.fromkeys(origin.machine for origin in origins)))

    @classmethod
    def refused(cls, refusal: WillNotStart) -> Upgrade:
        """Of a VM that only the earlier one started."""
        origin = refusal.before.snapshot.provenance
        version = _VERSION.search(refusal.refused_by)
        return cls(
            Hypervisor(origin.qemu_version, origin.qemu_package),
            Hypervisor(version[1] if version else "", refusal.refused_by),
            (origin.machine,),
        )


@dataclass(frozen=True)
class Waiver:
    """What of a comparison somebody accepts, and why; None where it does not say.

    `machine`, `device`, `fact` and `field` are words or globs, `bits` those of the field's
    register that may differ. `before` and `after` mean hypervisors, as `Hypervisor.is_meant_by`
    reads them. `until` is the last day on which it holds.
    """

    why: str
    position: SourcePosition
    machine: str | None = None
    device: str | None = None
    fact: str | None = None
    field: str | None = None
    bits: int | None = None
    before: str | None = None
    after: str | None = None
    until: date | None = None

    @property
    def words(self) -> str:
        """What an excuse says of it, in one line: its place, its reason and its end."""
        until = f" (until {self.until})" if self.until is not None else ""
        return f"{self.position}: {self.why}{until}"

    def is_expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.until is not None and self.until < today

    def is_about(self, upgrade: Upgrade) -> bool:
        """Whether it speaks of such a VM under these two hypervisors."""
        return (
            _may_be(self.machine, *upgrade.machines)
            and (self.before is None or upgrade.before.is_meant_by(self.before))
            and (self.after is None or upgrade.after.is_meant_by(self.after))
        )

    def covers(self, change: Change) -> bool:
        """Whether it accepts a change of a VM that it is about."""
        machine = MACHINE_LABEL if change.is_of_the_machine else None
        return (
            _may_be(self.fact, change.kind)
            and _may_be(self.device, change.device, change.id, machine)
            and _may_be(self.field, change.field)
            and (self.bits is None or _differing_bits(change) & ~self.bits == 0)
        )

    @property
    def covers_any_refusal(self) -> bool:
        """Whether it accepts that a VM it is about does not start, whatever is gone."""
        return self.fact == WILL_NOT_START and self.device is None and self.field is None

    def covers_gone(self, gone: Gone) -> bool:
        """Whether it accepts that something is gone, so that a VM it is about does not start."""
        return (
            self.fact == WILL_NOT_START
            and _may_be(self.device, _device_of(gone))
            and _may_be(self.field, gone.name)
        )

    def may_cover(self, snapshot: Snapshot) -> bool:
        """Whether a VM has a device that it speaks of."""
        if self.device is None or means(self.device, MACHINE_LABEL):
            return True
        machine = f"{snapshot.provenance.machine}-machine"
        devices = [word for one in snapshot.functions for word in (one.device, one.stated_id)]
        return _may_be(self.device, machine, *devices)


def _may_be(pattern: str | None, *words: str | None) -> bool:
    return pattern is None or means(pattern, *words)


def _device_of(gone: Gone) -> str | None:
    """The type of the device that is gone, or whose property is."""
    if gone.what in (Missing.DEVICE, Missing.PROPERTY):
        return gone.name.partition(".")[0]
    return None


def _differing_bits(change: Change) -> int:
    """The bits of the register that differ, or all that were judged where the values do not tell;
    every bit there is of what is no register's."""
    if change.mask is None:
        return -1
    values = change.before, change.after
    # Shown values have their lowest bit in front; only here that is the register's own.
    if change.mask & 1 and all(map(_HEX.fullmatch, values)):
        before, after = (int(value, 16) for value in values)
        return before ^ after
    return change.mask
