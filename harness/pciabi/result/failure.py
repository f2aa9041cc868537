"""What makes a comparison fail, in one sentence with its place in the user's file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pciabi.abi.change import Change, Harm, Outcome
from pciabi.abi.facts.interfaces import RENAMED
from pciabi.abi.facts.topology import APPEARED, MOVED, RENUMBERED, VANISHED
from pciabi.abi.families import concerns
from pciabi.abi.field_kinds import CLASS, IDENTITY
from pciabi.abi.kind import Kind
from pciabi.abi.naming import MACHINE_LABEL
from pciabi.abi.snapshot import Snapshot
from pciabi.errors import SourcePosition
from pciabi.result.short_values import short_values


class Aspect(StrEnum):
    """Something about a device, or about the machine, that a scenario can have expectations
    of."""

    ADDRESS = "address"
    PATH = "path"
    NAME = "name"
    IDENTITY = "identity"
    HARDWARE = "hardware"
    FIRMWARE_TABLES = "firmware-tables"
    PRESENCE = "presence"
    REFUSAL = "refusal"


@dataclass(frozen=True)
class Failure:
    """Something that was to be otherwise. `device_id` is None for a built-in device, `aspect` for
    what is no device's; `change` is the change that proves it, None where none does."""

    device_id: str | None
    aspect: Aspect | None
    message: str
    position: SourcePosition
    change: Change | None = None


# What each kind of change is a change of. Of the others their families say it.
_ASPECTS: dict[Kind, frozenset[Aspect]] = {
    MOVED: frozenset({Aspect.ADDRESS, Aspect.PATH}),
    RENUMBERED: frozenset({Aspect.ADDRESS}),
    RENAMED: frozenset({Aspect.NAME}),
    VANISHED: frozenset({Aspect.PRESENCE}),
    APPEARED: frozenset({Aspect.PRESENCE}),
    IDENTITY: frozenset({Aspect.IDENTITY}),
    CLASS: frozenset({Aspect.IDENTITY}),
}
MACHINE = MACHINE_LABEL
"""What expectations of the machine as a whole are of. No device can have such an id."""


def subject(change: Change) -> str | None:
    """What expectations call whatever has changed: a device's id, the machine, or None for a
    built-in device."""
    return MACHINE if change.is_of_the_machine else change.id


def aspects(change: Change) -> frozenset[Aspect]:
    """The aspects of its device, or of the machine, that a change is a change of."""
    kind = change.kind
    concerned = set(_ASPECTS.get(kind) or {Aspect(concerns()[kind].value)})
    if concerned == {Aspect.PRESENCE}:
        return frozenset(concerned)
    if change.kind == MOVED and change.address_before == change.address_after:
        concerned.remove(Aspect.ADDRESS)
    for consequence in change.consequences:
        if consequence.harm is Harm.LINUX_NAME and consequence.outcome is Outcome.CHANGED:
            concerned.add(Aspect.NAME)
    return frozenset(concerned)


def sentence(change: Change, later: Snapshot) -> str:
    """What a change is, in one sentence: `net1 moved from 0000:00:04.0 to 0000:00:03.0`."""
    who = change.id or change.label
    if change.kind in (MOVED, RENUMBERED):
        names = [
            f", {consequence.message}"
            for consequence in change.consequences
            if consequence.harm is Harm.LINUX_NAME and consequence.outcome is Outcome.CHANGED
        ]
        before, after = str(change.address_before), str(change.address_after)
        if before == after:
            before, after = f"path {change.path_before}", str(change.path_after)
        if change.exchanged_with is not None:
            names.insert(0, f", exchanged places with {change.exchanged_with}")
        return f"{who} {change.kind} from {before} to {after}" + "".join(names)
    if change.kind == VANISHED:
        reason = later.why_unreachable(change.id)
        return f"{who} vanished" + (f" (unreachable: {reason})" if reason else "")
    if change.kind == APPEARED:
        return f"{who} appeared"
    before, after = short_values(change.before or "none", change.after or "none")
    return f"{change.field} of {who} changed from {before} to {after}"
