"""What happened in a case or between two boots, in a few words. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.abi.change import Change
from pciabi.abi.facts.interfaces import RENAMED
from pciabi.abi.facts.topology import APPEARED, MOVED, RENUMBERED, VANISHED
from pciabi.abi.judgement import Severity
from pciabi.pci.address import GuestAddress
from pciabi.report.words.changes import values
from pciabi.result.entry import Entry, RefusalResult, expectations_of
from pciabi.result.judged import JudgedComparison
from pciabi.result.side import Side
from pciabi.result.verdict import Verdict

_MOVES = frozenset({MOVED, RENUMBERED})
_PRESENCE = frozenset({VANISHED, APPEARED})
_SHOWN = 4


def entry_story(entry: Entry) -> str:
    """What happened in an entry, in a few words."""
    if entry.error is not None:
        return entry.error.message
    if entry.verdict is Verdict.ERROR:
        return "not every boot and comparison was made"
    stories = [
        *(refusal_story(refusal) for refusal in entry.refusals),
        *(comparison_story(entry, comparison) for comparison in entry.comparisons),
    ]
    return "; ".join(stories)


def refusal_story(refusal: RefusalResult) -> str:
    """How a start ended that QEMU had to refuse."""
    if refusal.failure is not None:
        return refusal.failure.message
    return f"QEMU refused {refusal.blamed} as expected: {refusal.words}"


def comparison_story(entry: Entry, comparison: JudgedComparison) -> str:
    """What happened between two boots, in a few words."""
    news = [*_movements(comparison), *_other_breaks(comparison), *_unfulfilled(comparison)]
    boots = expectations_of(comparison)
    if not news:
        nothing = "nothing else changed" if boots.removed | boots.added else "nothing changed"
        news = _stayed(entry, comparison) or [nothing]
    shown = [*_steps(entry, comparison), *news[:_SHOWN]]
    if len(news) > _SHOWN:
        shown.append(f"and {len(news) - _SHOWN} more changes")
    return "; ".join(shown)


def _movements(comparison: JudgedComparison) -> list[str]:
    """Every device with another place or interface name after the later boot, unexpected
    ones first."""
    moved = [
        judged
        for judged in comparison.judged_changes
        if judged.change.kind in _MOVES or judged.change.kind == RENAMED
    ]
    moved.sort(key=lambda judged: bool(judged.expected))
    return [_movement(comparison, judged.change) for judged in moved]


def _movement(comparison: JudgedComparison, change: Change) -> str:
    """Such as `net1 0000:00:03.0 → 0000:00:02.0, ens3 → ens2`; paths where the address stayed."""
    places = [change.address_before, change.address_after]
    paths = [change.path_before, change.path_after]
    parts = []
    if places[0] != places[1]:
        parts.append(f"{places[0]} → {places[1]}")
    elif change.kind == MOVED and paths[0] != paths[1]:
        parts.append(f"{paths[0]} → {paths[1]}")
    before = _interface_name(comparison.before, change.address_before)
    after = _interface_name(comparison.after, change.address_after)
    if before != after:
        parts.append(f"{before or 'unnamed'} → {after or 'unnamed'}")
    if change.exchanged_with is not None:
        parts.append(f"exchanged with {change.exchanged_with}")
    verb = f" {RENUMBERED}" if change.kind == RENUMBERED else ""
    return f"{change.id or change.label}{verb} {', '.join(parts)}"


def _interface_name(side: Side, address: GuestAddress | None) -> str | None:
    if address is None:
        return None
    interface = side.snapshot.interface_at(address)
    return interface.name if interface else None


def _other_breaks(comparison: JudgedComparison) -> list[str]:
    boots = expectations_of(comparison)
    steps = boots.removed | boots.added
    return [
        _news(comparison, change)
        for change in comparison.of(Severity.BREAKING)
        if change.kind not in _MOVES | {RENAMED}
        and not (change.kind in _PRESENCE and change.id in steps)
    ]


def _news(comparison: JudgedComparison, change: Change) -> str:
    who = change.id or change.label
    if change.kind in _PRESENCE:
        without = comparison.after if change.kind == VANISHED else comparison.before
        why = without.snapshot.why_unreachable(change.id)
        when = "" if change.kind == VANISHED else "before "
        return f"{who} {change.kind}" + (f" ({when}unreachable: {why})" if why else "")
    before, after = values(change)
    return f"{change.field} of {who} {before} → {after}"


def _unfulfilled(comparison: JudgedComparison) -> list[str]:
    """Failures that no change stands behind: what had to change and did not."""
    unexpected = {
        judged.change.id
        for judged in comparison.judged_changes
        if judged.change.severity is Severity.BREAKING and not judged.expected
    }
    return [f.message for f in comparison.failures if f.device_id not in unexpected]


def _stayed(entry: Entry, comparison: JudgedComparison) -> list[str]:
    """Where the devices that the scenario speaks of were found again."""
    snapshot, boots = comparison.after.snapshot, expectations_of(comparison)
    spoken_of = dict.fromkeys(expectation.device_id for expectation in entry.plan.expectations)
    found = []
    for device_id in spoken_of:
        function = snapshot.by_id(device_id)
        if function is not None and device_id not in boots.added:
            interface = snapshot.interface_at(function.address)
            name = f", {interface.name}" if interface and interface.name else ""
            found.append(f"{device_id} stays at {function.address}{name}")
    return found


def _steps(entry: Entry, comparison: JudgedComparison) -> Iterator[str]:
    boots = expectations_of(comparison)
    plugged_first, plugged_last = (
        {device.id for device in entry.plan.boots[index].plugged}
        for index in (boots.before, boots.after)
    )
    for device_ids, verb in (
        (plugged_first, "hot-plugged"),
        (boots.removed, "removed"),
        (boots.added - plugged_last, "added"),
        (plugged_last, "hot-plugged"),
    ):
        if device_ids:
            yield f"{', '.join(sorted(device_ids))} {verb}"
