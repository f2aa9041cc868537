"""The document of a gate: every VM, and all that differs between its two sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from pciabi.abi.change import Change
from pciabi.abi.judgement import Severity
from pciabi.abi.scope import NEVER
from pciabi.errors import PciabiError
from pciabi.report.document.from_run import error_part
from pciabi.report.document.gate import SCHEMA, GateDocument
from pciabi.report.document.parts import drift, facts
from pciabi.report.words import gate, scope, vms
from pciabi.report.words.rows import letters, mending
from pciabi.result.coverage import Coverage, Remark
from pciabi.result.entry import Entry
from pciabi.result.failure import Failure
from pciabi.result.judged import JudgedChange, JudgedComparison
from pciabi.result.result import Result
from pciabi.result.rows import rows
from pciabi.result.verdict import Verdict
from pciabi.result.will_not_start import Choice, Replacement, WillNotStart

_NOT_TOLD = Coverage("", "")
_CHOICES = {Choice.NEAREST: "nearest", Choice.OLDEST_TO_STAY: "oldest-to-stay"}


@dataclass(frozen=True)
class _Found:
    """A change of one VM; the same change of another VM is another one."""

    vm: int
    comparison: JudgedComparison
    judged: JudgedChange


def document(result: Result) -> GateDocument:
    """The document."""
    families, coverage = scope.of(result), result.coverage or _NOT_TOLD
    changes = list(_changes(result))
    notes: tuple[Failure | Remark, ...] = (*coverage.failures, *coverage.remarks)
    return GateDocument.model_validate(
        {
            "schema_": SCHEMA,
            "tool": "pciabi",
            "version": result.tool_version,
            "verdict": result.verdict,
            "exit_code": result.exit_code,
            "sentence": gate.verdict(result),
            "started": result.started.astimezone(UTC).isoformat(timespec="seconds"),
            "seconds": result.seconds,
            "before": coverage.before,
            "after": coverage.after,
            "scope": families.read,
            "not_looked_at": [*families.not_read, *NEVER],
            "accelerators": families.accelerators,
            "counts": _counts(result, changes),
            "changes": _change_parts(result, changes),
            "will_not_start": [
                {"case": entry.subject.title, "entry": vm, **_refusal(entry.will_not_start)}
                for vm, entry in enumerate(result.entries)
                if entry.will_not_start is not None
            ],
            "causes": list(_causes(result, changes)),
            "drifts": list(_drifts(result, changes)),
            "remedies": _remedies(result),
            "waived": [
                {"change": index, "excuse": found.judged.excuse}
                for index, found in enumerate(changes)
                if found.judged.excuse
            ],
            "policy": [
                {"message": one.message, "fails": one in coverage.failures, **vars(one.position)}
                for one in notes
            ],
            "coverage": {
                "vms": vms.number(result.entries),
                "functions": sum(len(one.matching.pairs) for one in result.comparisons),
                "read": coverage.read,
                "shared": coverage.shared,
                "skipped": coverage.skipped,
            },
            "entries": [_entry(entry) for entry in result.entries],
        }
    )


def _changes(result: Result) -> Iterator[_Found]:
    for vm, entry in enumerate(result.entries):
        for comparison in entry.comparisons:
            for judged in comparison.judged_changes:
                yield _Found(vm, comparison, judged)


def _counts(result: Result, changes: list[_Found]) -> dict[str, int]:
    severities = [found.judged.change.severity for found in changes]
    ended = gate.ends(result)
    return {
        "compatible": ended[Verdict.COMPATIBLE],
        "broken": ended[Verdict.BREAK],
        "will_not_start": ended[Verdict.WILL_NOT_START],
        "not_judged": ended[Verdict.ERROR],
        **{severity.value: severities.count(severity) for severity in Severity},
        "failing": sum(found.judged.fails for found in changes),
        "waived": sum(bool(found.judged.excuse) for found in changes),
        "unknown": sum(comparison.unknown_count for comparison in result.comparisons),
    }


def _change_parts(result: Result, changes: list[_Found]) -> list[dict[str, Any]]:
    places = {
        (sighting.vm, sighting.judged.change): number
        for number, row in enumerate(rows(result.entries))
        for sighting in row.sightings
    }
    return [
        _change_part(
            result.entries[found.vm].subject.title, found, places[found.vm, found.judged.change]
        )
        for found in changes
    ]


def _change_part(case: str, found: _Found, row: int) -> dict[str, Any]:
    comparison, change = found.comparison, found.judged.change
    place = comparison.place_of(change)
    return {
        **facts(change, comparison.before, comparison.after),
        "case": case,
        "entry": found.vm,
        "file": place.file,
        "line": place.line,
        "fails": found.judged.fails,
        "row": row,
    }


def _causes(result: Result, changes: list[_Found]) -> Iterator[dict[str, Any]]:
    places: Mapping[tuple[int, Change], int] = {
        (found.vm, found.judged.change): index for index, found in enumerate(changes)
    }
    for vm, entry in enumerate(result.entries):
        for cause in entry.causes:
            explained = (places.get((vm, change)) for change in cause.explains)
            yield {
                "case": entry.subject.title,
                "entry": vm,
                "origin": cause.origin,
                "name": cause.name,
                "device": cause.device,
                "before": cause.before,
                "after": cause.after,
                "machines": cause.machines,
                "explains": [index for index in explained if index is not None],
            }


def _drifts(result: Result, changes: list[_Found]) -> Iterator[dict[str, Any]]:
    places = {(found.vm, found.judged.change): index for index, found in enumerate(changes)}
    for vm, entry in enumerate(result.entries):
        for comparison in entry.comparisons:
            for one in comparison.drifts:
                told = drift(one.drift, (places[vm, change] for change in one.explains))
                yield {"case": entry.subject.title, "entry": vm, **told}


def _remedies(result: Result) -> list[dict[str, Any]]:
    every = rows(result.entries)
    # The rows are called by letters where people read of them.
    numbers = {letter: number for number, letter in enumerate(letters(len(every)))}
    return [
        {"rows": [numbers[letter] for letter in remedy.of], "text": remedy.text}
        for remedy in mending(every)
    ]


def _refusal(refusal: WillNotStart) -> dict[str, Any]:
    return {
        **vars(refusal.place),
        "refused_by": refusal.refused_by,
        "words": refusal.words,
        "excuse": refusal.excuse,
        "gone": [
            {"what": gone.what, "name": gone.name, **vars(gone.place)} for gone in refusal.gone
        ],
        "replacements": [_replacement(replacement) for replacement in refusal.replacements],
    }


def _replacement(replacement: Replacement) -> dict[str, Any]:
    comparison = replacement.comparison
    error: PciabiError | None = replacement.error
    return {
        "machine": replacement.machine,
        "choice": _CHOICES[replacement.choice],
        "deprecated": replacement.deprecated,
        "ends": replacement.ends,
        "verdict": comparison.verdict if comparison is not None else Verdict.ERROR,
        "changes": _seen(comparison) if comparison is not None else None,
        "unknown": comparison.unknown_count if comparison is not None else None,
        "error": str(error) if error is not None else None,
    }


def _seen(comparison: JudgedComparison) -> list[dict[str, Any]]:
    sides = comparison.before, comparison.after
    unwanted = {"from_", "to", "machine"}
    return [
        {key: value for key, value in facts(change, *sides).items() if key not in unwanted}
        for change in comparison.of(Severity.BREAKING)
    ]


def _entry(entry: Entry) -> dict[str, Any]:
    subject = entry.subject
    refusal = entry.will_not_start
    sides = [one.before for one in entry.comparisons]
    sides += [refusal.before] if refusal is not None else []
    machines = [side.snapshot.provenance.machine for side in sides]
    return {
        "case": subject.title,
        "file": str(subject.file),
        "name": subject.name,
        "axes": dict(subject.axes),
        "direction": subject.direction,
        "verdict": entry.verdict,
        "seconds": entry.seconds,
        "machine": next(filter(None, machines), None),
        "functions": sum(len(one.matching.pairs) for one in entry.comparisons),
        "unknowns": [unknown for one in entry.comparisons for unknown in one.unknowns],
        "error": error_part(entry.error) if entry.error is not None else None,
    }
