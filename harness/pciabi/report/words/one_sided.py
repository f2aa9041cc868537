"""What only one of two sides was read with, and how to mend that, the same in every report.
Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pciabi.abi.facts import interfaces
from pciabi.abi.families import families
from pciabi.abi.family import FunctionFamily, MachineFamily, Reading
from pciabi.result.judged import JudgedComparison
from pciabi.result.side import Side
from pciabi.result.verdict import is_one_sided


def lines(comparison: JudgedComparison) -> Iterator[str]:
    """Such as `before: vm.json was read without ACPI: take it again, or leave that out with
    --facts mac,serial`, for each side that the other one tells more of."""
    if not is_one_sided(comparison.unknowns):
        return
    before, after = _told(comparison.before), _told(comparison.after)
    both = ",".join(family.key.name for family in before if family in after)
    leaving_out = f"or leave that out with --facts {both or _ALWAYS_READ}"
    for which, side, told, other in (
        ("before", comparison.before, before, after),
        ("after", comparison.after, after, before),
    ):
        missing = [one for one in other if one not in told and one.title]
        if missing:
            titles = ", ".join(dict.fromkeys(str(one.title) for one in missing))
            boot = " with --boot" if interfaces.FAMILY in missing else ""
            yield (
                f"{which}: {side.label} was read without {titles}: take it again{boot}, "
                f"{leaving_out}"
            )


# Chooses nothing beside what comes with every function.
_ALWAYS_READ = "configuration-space"


def _told(side: Side) -> list[FunctionFamily[Any] | MachineFamily[Any]]:
    """The families that can be left out, of which a side tells something."""
    return [
        family
        for family in families()
        if family.reading is not Reading.WITH_THE_FUNCTION and family.is_in_scope_of(side.snapshot)
    ]
