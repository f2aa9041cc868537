"""The words for what two libvirts make differently of one domain, the same in every report.
Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pciabi.report.words import vms
from pciabi.result.judged import JudgedComparison
from pciabi.result.result import Result
from pciabi.result.rows import SharedDrift, shared_drifts
from pciabi.vm.drift.drift import Drift, Kind

TITLE = "What the two libvirts make differently"
NOTHING_SEEN = "no change of the hardware is due to it"
_NOT_WRITTEN = "not written"


def words(drift: Drift) -> str:
    """What differs: `allocation: controller usb 0: address 0000:02:00.0 → 0000:03:00.0`."""
    return f"{drift.kind}: {drift.element}: {what(drift)}"


def what(drift: Drift) -> str:
    """It without its kind and its element."""
    if not drift.field:
        side = "later" if drift.after else "earlier"
        verb = "writes" if drift.kind is Kind.COMMAND_LINE else "adds"
        return f"only the {side} libvirt {verb} it: {drift.after or drift.before}"
    before, after = (value or _NOT_WRITTEN for value in (drift.before, drift.after))
    return f"{drift.field} {before} → {after}"


def lines(comparison: JudgedComparison) -> Iterator[str]:
    """Every drift of two sides, with its place, and whether a change is due to it."""
    for one in comparison.drifts:
        unseen = "" if one.explains else f" ({NOTHING_SEEN})"
        yield f"{one.drift.place}: {words(one.drift)}{unseen}"


def shared(one: SharedDrift, names: Sequence[str]) -> str:
    """A drift of several VMs in one line: its place in the first one's file, and their names."""
    unseen = "" if one.explains else f"; {NOTHING_SEEN}"
    those = vms.shown([names[vm] for vm in one.vms])
    return f"{one.drift.place}: {words(one.drift)} (in {those}{unseen})"


def of_gate(result: Result) -> Iterator[str]:
    """Every drift of a gate's VMs, equal ones once."""
    names = vms.names(result.entries)
    yield from (shared(one, names) for one in shared_drifts(result.entries))
