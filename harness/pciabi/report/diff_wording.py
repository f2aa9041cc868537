"""The words for a comparison of two snapshots, the same in every report. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pciabi.abi.change import Change, Consequence
from pciabi.abi.diff import Diff, Side
from pciabi.abi.facts.topology import APPEARED, VANISHED
from pciabi.abi.judgement import Severity
from pciabi.abi.scope import scope as scope_of
from pciabi.abi.verdict import FailOn, Verdict
from pciabi.report import scope_wording
from pciabi.report.gaps import gaps

_NOT_TOLD = "not told"


def verdict(diff: Diff) -> str:
    """The verdict in one sentence."""
    if diff.verdict is Verdict.ERROR:
        (gap, *more) = gaps([unknown for unknown in diff.unknowns if not unknown.excused])
        also = f" (and {len(more)} more)" if more else ""
        return f"Error: not both sides were read, so nothing is proved: {gap}{also}."
    unknown = f", {diff.unknown_count} unknown" if diff.unknown_count else ""
    if diff.verdict is Verdict.COMPATIBLE:
        return f"Compatible{unknown}: {_of_all(diff)}"
    worst = diff.of(Severity.BREAKING)
    if not worst and FailOn.NOTABLE in diff.fail_on:
        worst = diff.of(Severity.NOTABLE)
    if not worst:
        return f"Break: {diff.unknown_count} unknown, and it was to fail on that."
    also = f" (and {len(worst) - 1} more)" if len(worst) > 1 else ""
    return f"Break: {worst[0].label}: {what(worst[0])}{also}."


def scope(diff: Diff) -> str:
    """What the verdict speaks of and what not, in one line."""
    return scope_wording.line(scope_of([diff.before.snapshot, diff.after.snapshot]))


def _of_all(diff: Diff) -> str:
    compared = len(diff.matching.pairs)
    functions = "the only function" if compared == 1 else f"all {compared} functions"
    notable = len(diff.of(Severity.NOTABLE))
    if notable:
        changes = "1 notable change" if notable == 1 else f"{notable} notable changes"
        return f"no breaking change in {functions}, {changes}."
    return f"no breaking or notable change in {functions}."


def tally(diff: Diff) -> str:
    """The counts, such as `2 breaking, 0 notable, 1 benign, 3 unknown; 9 functions compared`."""
    counts = ", ".join(f"{len(diff.of(severity))} {severity}" for severity in Severity)
    return f"{counts}, {diff.unknown_count} unknown; {len(diff.matching.pairs)} functions compared"


def matched(diff: Diff) -> str:
    """How the functions of the two sides were found to be the same, in a few words."""
    parts = [f"{count} by {basis}" for basis, count in sorted(diff.bases.items())]
    alone = [f"{len(functions)} only {side}" for side, functions in _alone(diff) if functions]
    return "matched: " + ", ".join([*parts, *alone])


def _alone(diff: Diff) -> Iterator[tuple[str, Sequence[object]]]:
    yield "before", diff.matching.vanished
    yield "after", diff.matching.appeared


def what(change: Change) -> str:
    """What changed about a device: `BAR 0 16M → 64M`, or only that it vanished."""
    if change.kind in (VANISHED, APPEARED):
        return change.kind
    exchanged = f", exchanged places with {change.exchanged_with}" if change.exchanged_with else ""
    return f"{change.field} {change.before or 'none'} → {change.after or 'none'}{exchanged}"


def where(change: Change) -> str:
    """The device's guest address, before and after where it moved."""
    places = dict.fromkeys(str(a) for a in (change.address_before, change.address_after) if a)
    return " → ".join(places)


def origin(side: Side) -> str:
    """Where a side comes from, in one line."""
    told = side.snapshot.provenance
    words = (told.qemu_package or "QEMU not told", told.machine or "machine type not told")
    return f"{side.label}: {', '.join(words)}, {reader(side)}"


def reader(side: Side) -> str:
    """Who read the hardware of a side."""
    return {
        "cold": "read from a paused QEMU",
        "boot": "read by its guest",
        "lspci": "a saved text of lspci",
    }.get(side.snapshot.provenance.probe, side.snapshot.provenance.probe)


def notes(side: Side) -> tuple[tuple[str, str], ...]:
    """The provenance of a side as (term, value) pairs."""
    told = side.snapshot.provenance
    return (
        ("From", side.label),
        ("Read", reader(side)),
        ("QEMU", told.qemu_package or _NOT_TOLD),
        ("Machine type", told.machine or _NOT_TOLD),
        ("Accelerator", told.accelerator or _NOT_TOLD),
        ("Firmware", told.firmware or _NOT_TOLD),
        ("Guest", told.guest or _NOT_TOLD),
        ("Functions", str(len(side.snapshot.functions))),
    )


def said_of_guests(changes: Sequence[Change]) -> tuple[Consequence, ...]:
    """What guest systems make of the changes of one device, each thing once."""
    return tuple(dict.fromkeys(c for change in changes for c in change.consequences))


def by_weight(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes, worse ones first, those of one device together."""
    severities = list(Severity)
    return tuple(sorted(changes, key=lambda change: severities.index(change.severity)))
