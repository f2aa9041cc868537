"""Two sides held against each other, as one page: what the template needs."""

from __future__ import annotations

from typing import Any

from pciabi.report.page.comparison import compared
from pciabi.report.page.environment import shell
from pciabi.report.words import substituted, two_sides, verdicts
from pciabi.report.words.gaps import gaps
from pciabi.result.result import Result
from pciabi.result.side import Side

TEMPLATE = "two_sides.html.j2"


def context(result: Result) -> dict[str, Any]:
    """The names of the template."""
    comparison = result.two_sides
    return {
        "result": result,
        "verdict": verdicts.verdict(result),
        "tally": verdicts.tally(result),
        "matched": two_sides.matched(comparison),
        "scope": verdicts.scope_line(result),
        "sides": [("Before", _side(comparison.before)), ("After", _side(comparison.after))],
        "substituted": list(substituted.lines(comparison)),
        "gaps": gaps(comparison.unknowns),
        "comparison": compared(comparison),
        "matches": [
            {
                "label": comparison.name_of(pair),
                "before": pair.before.address,
                "after": pair.after.address,
                "basis": pair.basis,
            }
            for pair in comparison.matching.pairs
        ],
    }


def _side(side: Side) -> dict[str, Any]:
    command_line = shell(side.snapshot.provenance.command_line)
    return {"notes": two_sides.notes(side), "command_line": command_line}
