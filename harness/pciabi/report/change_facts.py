"""A change as JSON documents tell it: the facts that every report of changes shares. Pure."""

from __future__ import annotations

from typing import Any

from pciabi.abi.change import Change
from pciabi.abi.snapshot import Snapshot
from pciabi.abi.unknown import Unknown
from pciabi.report import document as doc
from pciabi.report.placement import Placement, placement


def facts(change: Change, before: Snapshot, after: Snapshot) -> dict[str, Any]:
    """The keys of a change between two snapshots, but for those of one sort of report.

    What a snapshot does not tell of itself is null: a saved text of lspci names no QEMU.
    """
    return {
        "from_": release(before),
        "to": release(after),
        "machine": before.provenance.machine or None,
        "device": change.device,
        "id": change.id,
        "label": change.label,
        "placement": place(change, before, after),
        "kind": change.kind,
        "field": change.field,
        "offset": change.offset,
        "mask": change.mask,
        "before": change.before,
        "after": change.after,
        "address_before": text(change.address_before),
        "address_after": text(change.address_after),
        "path_before": text(change.path_before),
        "path_after": text(change.path_after),
        "severity": change.severity,
        "reason": change.reason,
        "exchanged_with": change.exchanged_with,
        "consequences": [
            doc.ConsequencePart(
                harm=found.harm, outcome=found.outcome, message=found.message, source=found.source
            )
            for found in change.consequences
        ],
    }


def unknown_part(unknown: Unknown) -> doc.UnknownPart:
    """Something left open, as JSON documents tell it."""
    return doc.UnknownPart(
        device=unknown.device,
        id=unknown.id,
        label=unknown.label,
        field=unknown.field,
        why_before=unknown.why_before or None,
        why_after=unknown.why_after or None,
        excused=unknown.excused,
        address_before=str(unknown.address_before),
        address_after=str(unknown.address_after),
    )


def place(change: Change, before: Snapshot, after: Snapshot) -> Placement:
    """Where the changed device sat before, or sits now if it was not there."""
    snapshot, path = (
        (before, change.path_before) if change.path_before else (after, change.path_after)
    )
    function = snapshot.at_path(path) if path is not None else None
    return placement(function, snapshot) if function else Placement.PLATFORM


def release(snapshot: Snapshot) -> str | None:
    """`7.2` of `7.2.22`."""
    return ".".join(snapshot.provenance.qemu_version.split(".")[:2]) or None


def text(value: object | None) -> str | None:
    """A value as text, null for none."""
    return None if value is None else str(value)
