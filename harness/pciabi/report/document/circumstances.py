"""Where a change was seen: what documents for other programs say of every change. Pure."""

from __future__ import annotations

from typing import Any

from pciabi.abi.change import Change
from pciabi.abi.snapshot import Snapshot
from pciabi.report.document.placement import Placement, placement
from pciabi.result.side import Side


def circumstances(change: Change, before: Side, after: Side) -> dict[str, Any]:
    """Between which releases, on which machine type and where in the topology it is.

    What a snapshot does not tell of itself is None: a saved text of lspci names no QEMU.
    """
    return {
        "from_": _release(before.snapshot),
        "to": _release(after.snapshot),
        "machine": before.snapshot.provenance.machine or None,
        "placement": _placement(change, before, after),
    }


def _placement(change: Change, before: Side, after: Side) -> Placement:
    """Where the changed device sat before, or sits now if it was not there."""
    side, path = (before, change.path_before) if change.path_before else (after, change.path_after)
    function = side.snapshot.at_path(path) if path is not None else None
    if function is None:
        return Placement.PLATFORM
    return placement(function, side.snapshot, side.own_names)


def _release(snapshot: Snapshot) -> str | None:
    """`7.2` of `7.2.22`."""
    return ".".join(snapshot.provenance.qemu_version.split(".")[:2]) or None
