"""The words for two sides held against each other, the same in every report. Pure."""

from __future__ import annotations

from pciabi.abi.judgement import Severity
from pciabi.report.words.changes import what
from pciabi.report.words.gaps import gaps
from pciabi.result.judged import JudgedComparison
from pciabi.result.side import Side
from pciabi.result.verdict import Verdict

_NOT_TOLD = "not told"


def verdict(comparison: JudgedComparison) -> str:
    """The verdict in one sentence."""
    if comparison.verdict is Verdict.ERROR:
        (gap, *more) = gaps([one for one in comparison.unknowns if not one.excused])
        also = f" (and {len(more)} more)" if more else ""
        return f"Error: not both sides were read, so nothing is proved: {gap}{also}."
    if comparison.verdict is Verdict.COMPATIBLE:
        unknown = f", {comparison.unknown_count} unknown" if comparison.unknown_count else ""
        return f"Compatible{unknown}: {_of_all(comparison)}"
    failing = [judged.change for judged in comparison.judged_changes if judged.fails]
    if not failing:
        return f"Break: {comparison.failures[0].message}."
    worst = min((change.severity for change in failing), key=list(Severity).index)
    (first, *others) = [change for change in failing if change.severity is worst]
    also = f" (and {len(others)} more)" if others else ""
    return f"Break: {first.label}: {what(first)}{also}."


def _of_all(comparison: JudgedComparison) -> str:
    compared = len(comparison.matching.pairs)
    functions = "the only function" if compared == 1 else f"all {compared} functions"
    notable = len(comparison.of(Severity.NOTABLE))
    if notable:
        changes = "1 notable change" if notable == 1 else f"{notable} notable changes"
        return f"no breaking change in {functions}, {changes}."
    return f"no breaking or notable change in {functions}."


def tally(comparison: JudgedComparison) -> str:
    """The counts, such as `2 breaking, 0 notable, 1 benign, 3 unknown; 9 functions compared`."""
    counts = ", ".join(f"{len(comparison.of(severity))} {severity}" for severity in Severity)
    compared = len(comparison.matching.pairs)
    return f"{counts}, {comparison.unknown_count} unknown; {compared} functions compared"


def matched(comparison: JudgedComparison) -> str:
    """How the functions of the two sides were found to be the same, in a few words."""
    matching = comparison.matching
    parts = [f"{count} by {basis}" for basis, count in sorted(comparison.bases.items())]
    alone = (("before", matching.vanished), ("after", matching.appeared))
    parts += [f"{len(functions)} only {side}" for side, functions in alone if functions]
    return "matched: " + ", ".join(parts)


def origin(side: Side) -> str:
    """Where a side comes from, in one line."""
    provenance = side.snapshot.provenance
    words = (
        provenance.qemu_package or "QEMU not told",
        provenance.machine or "machine type not told",
        *((f"as libvirt {provenance.libvirt} writes it",) if provenance.libvirt else ()),
    )
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
    provenance = side.snapshot.provenance
    return (
        ("From", side.label),
        ("Read", reader(side)),
        ("QEMU", provenance.qemu_package or _NOT_TOLD),
        ("Machine type", provenance.machine or _NOT_TOLD),
        *((("Written by libvirt", provenance.libvirt),) if provenance.libvirt else ()),
        ("Accelerator", provenance.accelerator or _NOT_TOLD),
        ("Firmware", provenance.firmware or _NOT_TOLD),
        ("Guest", provenance.guest or _NOT_TOLD),
        ("Functions", str(len(side.snapshot.functions))),
    )
