"""A change, and where a snapshot comes from, as the documents of all commands tell them. Pure."""

from __future__ import annotations

from typing import Any

from pciabi.abi.change import Change
from pciabi.abi.snapshot import Snapshot
from pciabi.report.document.placement import Placement, placement

_OF_PROVENANCE = (
    "probe",
    "qemu_version",
    "qemu_package",
    "machine",
    "accelerator",
    "firmware",
    "guest",
    "command_line",
)
_OF_CHANGE = (
    "device",
    "id",
    "label",
    "kind",
    "field",
    "offset",
    "mask",
    "before",
    "after",
    "address_before",
    "address_after",
    "path_before",
    "path_after",
    "severity",
    "reason",
    "exchanged_with",
    "consequences",
)


def facts(change: Change, before: Snapshot, after: Snapshot) -> dict[str, Any]:
    """The keys of a change between two snapshots, but for those of one command's document.

    What a snapshot does not tell of itself is None: a saved text of lspci names no QEMU.
    """
    return {
        "from_": _release(before),
        "to": _release(after),
        "machine": before.provenance.machine or None,
        "placement": _placement(change, before, after),
        **{name: getattr(change, name) for name in _OF_CHANGE},
    }


def origin(snapshot: Snapshot) -> dict[str, Any]:
    """The keys that tell how a snapshot came to be."""
    return {name: getattr(snapshot.provenance, name) for name in _OF_PROVENANCE}


def _placement(change: Change, before: Snapshot, after: Snapshot) -> Placement:
    """Where the changed device sat before, or sits now if it was not there."""
    snapshot, path = (
        (before, change.path_before) if change.path_before else (after, change.path_after)
    )
    function = snapshot.at_path(path) if path is not None else None
    return placement(function, snapshot) if function else Placement.PLATFORM


def _release(snapshot: Snapshot) -> str | None:
    """`7.2` of `7.2.22`."""
    return ".".join(snapshot.provenance.qemu_version.split(".")[:2]) or None
