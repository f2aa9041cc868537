"""The document of two sides held against each other."""

from __future__ import annotations

from typing import Any

from pciabi.abi.change import Change
from pciabi.abi.judgement import Severity
from pciabi.abi.scope import NEVER
from pciabi.report.document.diff import SCHEMA, DiffDocument
from pciabi.report.document.parts import drift, facts, origin
from pciabi.report.words import scope, two_sides
from pciabi.report.words.substituted import of_no_device
from pciabi.result.judged import JudgedComparison
from pciabi.result.policy import Policy
from pciabi.result.result import Result
from pciabi.result.side import Side


def document(result: Result) -> DiffDocument:
    """The document."""
    comparison, families = result.two_sides, scope.of(result)
    assert isinstance(comparison.terms, Policy), "two sides are judged by a policy"
    counts = {severity.value: len(comparison.of(severity)) for severity in Severity}
    return DiffDocument.model_validate(
        {
            "schema_": SCHEMA,
            "tool": "pciabi",
            "version": result.tool_version,
            "verdict": result.verdict,
            "exit_code": result.exit_code,
            "sentence": two_sides.verdict(comparison),
            "fail_on": sorted(comparison.terms.fail_on),
            "scope": families.read,
            "not_looked_at": [*families.not_read, *NEVER],
            "accelerators": families.accelerators,
            "before": _side(comparison.before),
            "after": _side(comparison.after),
            "counts": {
                **counts,
                "unknown": comparison.unknown_count,
                "compared": len(comparison.matching.pairs),
            },
            "changes": [_change(comparison, change) for change in comparison.changes],
            "unknowns": comparison.unknowns,
            "matches": [
                {
                    "label": comparison.name_of(pair),
                    "address_before": pair.before.address,
                    "address_after": pair.after.address,
                    "basis": pair.basis,
                }
                for pair in comparison.matching.pairs
            ],
            "drifts": [
                drift(one.drift, map(comparison.changes.index, one.explains))
                for one in comparison.drifts
            ],
        }
    )


def _side(side: Side) -> dict[str, Any]:
    return {
        "label": side.label,
        "file": side.place.file,
        **origin(side.snapshot),
        "functions": len(side.snapshot.functions),
        "substituted": of_no_device(side.snapshot),
    }


def _change(comparison: JudgedComparison, change: Change) -> dict[str, Any]:
    place = comparison.place_of(change)
    return {
        **facts(change, comparison.before, comparison.after),
        "case": comparison.title,
        "file": place.file,
        "line": place.line,
    }
