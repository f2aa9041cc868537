"""What a gate leaves open, the same of many VMs together, the same in every report. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pciabi.abi.change import Outcome
from pciabi.abi.naming import MACHINE_LABEL
from pciabi.abi.unknown import Unknown
from pciabi.report.words import vms
from pciabi.report.words.gaps import Gap
from pciabi.result.entry import Entry

_Question = tuple[bool, str, str, str]
"""Whether it is excused, why it is open on either side, and what."""


@dataclass(frozen=True)
class OpenQuestion:
    """Things left open for the same reason in the same VMs (by number); devices by their type."""

    gap: Gap
    vms: tuple[int, ...]

    def names(self, names: Sequence[str]) -> tuple[str, ...]:
        """What those VMs are called, given what all are."""
        return tuple(names[vm] for vm in self.vms)

    def line(self, names: Sequence[str]) -> str:
        """Such as `interface name of e1000: only a boot shows it (2 VMs: web, db)`."""
        those = vms.shown(self.names(names))
        return f"{self.gap} ({vms.count(len(self.vms))}: {those})"


def open_questions(entries: Sequence[Entry]) -> tuple[OpenQuestion, ...]:
    """What is left open of these VMs; what is not excused first."""
    devices: dict[_Question, dict[str, None]] = {}
    those: dict[_Question, dict[int, None]] = {}
    for vm, entry in enumerate(entries):
        for unknown in (u for one in entry.comparisons for u in one.unknowns):
            question = unknown.excused, unknown.why_before, unknown.why_after, unknown.field
            devices.setdefault(question, {})[_type(unknown)] = None
            those.setdefault(question, {})[vm] = None
    merged: dict[tuple[bool, str, str, tuple[str, ...], tuple[int, ...]], list[str]] = {}
    for question in devices:
        excused, before, after, field = question
        key = (excused, before, after, tuple(devices[question]), tuple(those[question]))
        merged.setdefault(key, []).append(field)
    made = [
        (excused, OpenQuestion(Gap(tuple(fields), before, after, labels), numbers))
        for (excused, before, after, labels, numbers), fields in merged.items()
    ]
    ordered = sorted(made, key=lambda one: (one[0], -len(one[1].vms)))
    return tuple(question for _, question in ordered)


def unanswered(entries: Sequence[Entry]) -> int:
    """How many questions about guest systems have no answer; they are told with the changes."""
    changes = (change for e in entries for one in e.comparisons for change in one.changes)
    return sum(c.outcome is Outcome.UNKNOWN for change in changes for c in change.consequences)


def _type(unknown: Unknown) -> str:
    """The type of the device, or what the machine as a whole is called: what QEMU calls that holds
    the machine type's name."""
    if unknown.label == MACHINE_LABEL or unknown.device is None:
        return unknown.label
    return unknown.device
