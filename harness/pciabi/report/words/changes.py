"""The words for one change, and the order in which changes are told, the same in every report.
Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pciabi.abi.change import Change, Consequence, Harm
from pciabi.abi.facts.topology import APPEARED, VANISHED
from pciabi.abi.judgement import Severity
from pciabi.result.judged import JudgedChange
from pciabi.result.short_values import short_values

GUESTS = {Harm.LINUX_NAME: "Linux", Harm.WINDOWS_IDENTITY: "Windows"}
HARMS = {
    **GUESTS,
    Harm.DRIVER: "Driver",
    Harm.MIGRATION: "Migration",
    Harm.MEASURED_BOOT: "Measured boot",
}
_SEVERITIES = list(Severity)


def what(change: Change) -> str:
    """What changed about a device: `BAR 0 16M → 64M`, or only that it vanished."""
    if change.kind in (VANISHED, APPEARED):
        return change.kind
    exchanged = f", exchanged places with {change.exchanged_with}" if change.exchanged_with else ""
    before, after = values(change)
    return f"{change.field} {before} → {after}{exchanged}"


def values(change: Change) -> tuple[str, str]:
    """What stood before and what stands after, shortened where that is long."""
    return short_values(change.before or "none", change.after or "none")


def where(change: Change) -> str:
    """The device's guest address, before and after where it moved; empty for the machine."""
    places = dict.fromkeys(str(a) for a in (change.address_before, change.address_after) if a)
    return " → ".join(places)


def who(change: Change) -> str:
    """What has changed, and where it is: `net1 (e1000) at 0000:00:03.0`, or the machine."""
    return f"{change.label} at {where(change)}" if where(change) else change.label


def said_of_guests(changes: Sequence[Change]) -> tuple[Consequence, ...]:
    """What guest systems make of the changes of one device, each thing once."""
    return tuple(dict.fromkeys(c for change in changes for c in change.consequences))


def by_severity(changes: Sequence[JudgedChange]) -> tuple[JudgedChange, ...]:
    """The changes, worse ones first, those of one device together."""
    return tuple(sorted(changes, key=lambda judged: _SEVERITIES.index(judged.change.severity)))


def by_weight(changes: Sequence[JudgedChange]) -> tuple[JudgedChange, ...]:
    """The changes, worse ones first, unexpected before expected, moves before the rest."""

    def weight(judged: JudgedChange) -> tuple[int, bool, tuple[int, str]]:
        change = judged.change
        return _SEVERITIES.index(change.severity), bool(judged.expected), change.kind.place

    return tuple(sorted(changes, key=weight))
