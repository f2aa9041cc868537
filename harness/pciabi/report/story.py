"""What happened in a case or between two boots, in a few words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pciabi.abi.change import Change
from pciabi.abi.facts.interfaces import RENAMED
from pciabi.abi.facts.topology import APPEARED, MOVED, RENUMBERED, VANISHED
from pciabi.abi.judgement import Severity
from pciabi.abi.verdict import Verdict
from pciabi.pci.address import GuestAddress
from pciabi.scenario.case import Case
from pciabi.scenario.result import CaseResult, ComparisonResult, JudgedChange, RefusalResult

_MOVES = frozenset({MOVED, RENUMBERED})
_PRESENCE = frozenset({VANISHED, APPEARED})
_SHOWN = 4
UNCHANGED = "nothing changed"


@dataclass(frozen=True)
class Movement:
    """One device that is elsewhere, or has another interface name, after the later boot.

    Places are guest addresses, or paths where the address stayed; names are None where the
    device has no interface. `renumbered`: the device is where it was, under another address.
    """

    who: str
    place_before: str
    place_after: str
    name_before: str | None
    name_after: str | None
    renumbered: bool
    exchanged_with: str | None
    expected: bool

    def __str__(self) -> str:
        """Such as `net1 0000:00:03.0 → 0000:00:02.0, ens3 → ens2`."""
        who = f"{self.who} {RENUMBERED}" if self.renumbered else self.who
        parts = []
        if self.place_before != self.place_after:
            parts.append(f"{self.place_before} → {self.place_after}")
        if self.name_before != self.name_after:
            parts.append(f"{self.name_before or 'unnamed'} → {self.name_after or 'unnamed'}")
        if self.exchanged_with is not None:
            parts.append(f"exchanged with {self.exchanged_with}")
        return f"{who} {', '.join(parts)}"


def case_story(result: CaseResult) -> str:
    """What happened in a case, in a few words."""
    if result.error is not None:
        return result.error.message
    if result.verdict is Verdict.ERROR:
        return "not every boot and comparison was made"
    stories = [
        *(refusal_story(refusal) for refusal in result.refusals),
        *(comparison_story(result, comparison) for comparison in result.comparisons),
    ]
    return "; ".join(stories)


def refusal_story(refusal: RefusalResult) -> str:
    """How a start ended that QEMU had to refuse."""
    if refusal.failure is not None:
        return refusal.failure.message
    return f"QEMU refused {refusal.blamed} as expected: {refusal.words}"


def comparison_story(result: CaseResult, comparison: ComparisonResult) -> str:
    """What happened between two boots, in a few words."""
    news = [str(movement) for movement in movements(result, comparison)]
    news += _other_breaks(result, comparison)
    news += _unfulfilled(comparison)
    if not news:
        nothing = "nothing else changed" if comparison.removed | comparison.added else UNCHANGED
        news = _stayed(result, comparison) or [nothing]
    shown = [*_steps(result.case, comparison), *news[:_SHOWN]]
    if len(news) > _SHOWN:
        shown.append(f"and {len(news) - _SHOWN} more changes")
    return "; ".join(shown)


def movements(result: CaseResult, comparison: ComparisonResult) -> tuple[Movement, ...]:
    """Every device with another place or interface name after the later boot, unexpected
    ones first."""
    found = [
        _movement(result, comparison, judged)
        for judged in comparison.changes
        if judged.change.kind in _MOVES or judged.change.kind == RENAMED
    ]
    return tuple(sorted(found, key=lambda movement: movement.expected))


def _movement(result: CaseResult, comparison: ComparisonResult, judged: JudgedChange) -> Movement:
    change = judged.change
    place = (str(change.address_before), str(change.address_after))
    if change.kind == MOVED and place[0] == place[1]:
        place = (str(change.path_before), str(change.path_after))
    return Movement(
        change.id or change.label,
        *place,
        _interface_name(result, comparison.before, change.address_before),
        _interface_name(result, comparison.after, change.address_after),
        change.kind == RENUMBERED,
        change.exchanged_with,
        judged.expected,
    )


def _interface_name(result: CaseResult, boot: int, address: GuestAddress | None) -> str | None:
    if address is None:
        return None
    interface = result.boots[boot].snapshot.interface_at(address)
    return interface.name if interface else None


def _other_breaks(result: CaseResult, comparison: ComparisonResult) -> list[str]:
    steps = comparison.removed | comparison.added
    return [
        _news(result, comparison, judged.change)
        for judged in comparison.changes
        if judged.change.severity is Severity.BREAKING
        and judged.change.kind not in _MOVES | {RENAMED}
        and not (judged.change.kind in _PRESENCE and judged.change.id in steps)
    ]


def _news(result: CaseResult, comparison: ComparisonResult, change: Change) -> str:
    who = change.id or change.label
    if change.kind in _PRESENCE:
        without = comparison.after if change.kind == VANISHED else comparison.before
        why = result.boots[without].snapshot.why_unreachable(change.id)
        when = "" if change.kind == VANISHED else "before "
        return f"{who} {change.kind}" + (f" ({when}unreachable: {why})" if why else "")
    return f"{change.field} of {who} {change.before or 'none'} → {change.after or 'none'}"


def _unfulfilled(comparison: ComparisonResult) -> list[str]:
    """Failures that no change stands behind: what had to change and did not."""
    unexpected = {
        judged.change.id
        for judged in comparison.changes
        if judged.change.severity is Severity.BREAKING and not judged.expected
    }
    return [f.message for f in comparison.failures if f.device_id not in unexpected]


def _stayed(result: CaseResult, comparison: ComparisonResult) -> list[str]:
    """Where the devices that the scenario speaks of were found again."""
    snapshot = result.boots[comparison.after].snapshot
    spoken_of = dict.fromkeys(
        expectation.device_id
        for comparison_ in result.case.comparisons
        for expectation in comparison_.expectations
    )
    found = []
    for device_id in spoken_of:
        function = snapshot.by_id(device_id)
        if function is not None and device_id not in comparison.added:
            interface = snapshot.interface_at(function.address)
            name = f", {interface.name}" if interface and interface.name else ""
            found.append(f"{device_id} stays at {function.address}{name}")
    return found


def _steps(case: Case, comparison: ComparisonResult) -> Iterator[str]:
    plugged_first, plugged_last = (
        {device.id for device in case.boots[index].plugged}
        for index in (comparison.before, comparison.after)
    )
    for device_ids, verb in (
        (plugged_first, "hot-plugged"),
        (comparison.removed, "removed"),
        (comparison.added - plugged_last, "added"),
        (plugged_last, "hot-plugged"),
    ):
        if device_ids:
            yield f"{', '.join(sorted(device_ids))} {verb}"
