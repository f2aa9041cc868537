"""Machine types without a version, which two QEMUs take for two types: what the VMs differ by is
then no fault of the later QEMU's alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pciabi.errors import SourcePosition
from pciabi.result.coverage import Remark
from pciabi.result.entry import Entry
from pciabi.result.judged import JudgedComparison

_SHOWN = 4


def floating(entries: Iterable[Entry]) -> Iterator[Remark]:
    """One remark for each two versioned machine types that the two sides of some VMs have, where
    nobody asked for another one."""
    by_types: dict[tuple[str, str], list[tuple[str, SourcePosition]]] = {}
    for entry in entries:
        for comparison in entry.comparisons:
            types = _types(comparison)
            if types is not None:
                named = entry.subject.title, comparison.after.place
                by_types.setdefault(types, []).append(named)
    for (before, after), vms in by_types.items():
        titles = [title for title, _ in vms]
        more = f" and {len(titles) - _SHOWN} more" if len(titles) > _SHOWN else ""
        yield Remark(
            f"the machine type of {', '.join(titles[:_SHOWN])}{more} has no version: it is "
            f"{before} on one side and {after} on the other; state {before} to keep it",
            vms[0][1],
        )


def _types(comparison: JudgedComparison) -> tuple[str, str] | None:
    before, after = (
        side.snapshot.provenance.machine for side in (comparison.before, comparison.after)
    )
    return (before, after) if before and after and before != after else None
