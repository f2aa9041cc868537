"""A comparison as SARIF 2.1.0 (OASIS), for code scanning.

A breaking change fails as an error, a notable one as a warning; a benign one is for
information, and what is not known is open. A result points at the device's line in the user's
file, and its fingerprint holds no version, so that it is the same finding in the next run.
"""

from __future__ import annotations

from typing import Any

from pciabi.abi.change import Change
from pciabi.abi.diff import Diff
from pciabi.abi.judgement import Severity
from pciabi.abi.unknown import Unknown
from pciabi.abi.verdict import Verdict
from pciabi.errors import SourcePosition
from pciabi.report import diff_wording, printable, sarif, wording
from pciabi.report.change_facts import facts
from pciabi.report.change_rules import UNKNOWN, change_rules, rule_index
from pciabi.report.gaps import gaps

_FINGERPRINT = "pciabiDifference/v1"
_KINDS = {
    Severity.BREAKING: ("fail", "error"),
    Severity.NOTABLE: ("fail", "warning"),
    Severity.BENIGN: ("informational", "none"),
}


def render(diff: Diff) -> str:
    """The log, in ASCII."""
    results = [
        *(_of_change(diff, change) for change in diff_wording.by_weight(diff.changes)),
        *(_of_unknown(diff, unknown) for unknown in diff.unknowns),
    ]
    run = {
        "automationDetails": {"id": f"pciabi-diff/{printable.line(diff.title)}"},
        "invocations": [
            {
                "executionSuccessful": diff.verdict is not Verdict.ERROR,
                "exitCode": diff.exit_code,
                "exitCodeDescription": printable.line(diff_wording.verdict(diff)),
            }
        ],
        "properties": {
            "verdict": diff.verdict.value,
            "unknown": diff.unknown_count,
            "scope": diff_wording.scope(diff),
        },
    }
    return sarif.render(tuple(change_rules().values()), results, run)


def _of_change(diff: Diff, change: Change) -> dict[str, Any]:
    kind, level = _KINDS[change.severity]
    said = [f" {wording.HARMS[c.harm]}: {c.message}." for c in change.consequences]
    told = facts(change, diff.before.snapshot, diff.after.snapshot)
    keep = ("from_", "to", "machine", "placement", "offset", "mask", "severity", "reason")
    return {
        "ruleId": change.kind,
        "ruleIndex": rule_index(change.kind),
        "kind": kind,
        "level": level,
        "message": {
            "text": printable.line(
                f"{change.label} at {diff_wording.where(change)}: {diff_wording.what(change)} "
                f"({change.severity}: {change.reason}).{''.join(said)}"
            )
        },
        "locations": [_location(diff.place_of(change), _name(change), diff_wording.where(change))],
        "relatedLocations": _other_side(diff, change),
        "partialFingerprints": {
            _FINGERPRINT: sarif.fingerprint(
                change.kind,
                # A line in the label moves with whatever is written above it.
                change.id or change.device or change.label,
                change.path_before or change.path_after,
                change.field,
                change.offset,
                change.mask,
                change.before,
                change.after,
            )
        },
        "properties": {key.rstrip("_"): told[key] for key in keep},
    }


def _of_unknown(diff: Diff, unknown: Unknown) -> dict[str, Any]:
    place = diff.after.place_of(unknown.id, unknown.address_after)
    (gap,) = gaps([unknown])
    return {
        "ruleId": UNKNOWN,
        "ruleIndex": rule_index(UNKNOWN),
        "kind": "open",
        "level": "none",
        "message": {"text": printable.line(f"{gap}.")},
        "locations": [_location(place, _name(unknown), str(unknown.address_after))],
        "partialFingerprints": {
            _FINGERPRINT: sarif.fingerprint(
                UNKNOWN,
                unknown.id or unknown.device or unknown.label,
                unknown.address_after,
                unknown.field,
                unknown.why_before,
                unknown.why_after,
            )
        },
        "properties": {"excused": unknown.excused},
    }


def _other_side(diff: Diff, change: Change) -> list[dict[str, Any]]:
    if change.address_before is None or change.address_after is None:
        return []
    place = diff.before.place_of(change.id, change.address_before)
    location = _location(place, _name(change), str(change.address_before))
    return [{**location, "id": 1, "message": {"text": "before"}}]


def _name(told: Change | Unknown) -> str | None:
    """The id, or driver and line; None for what only has its place."""
    return told.id or (told.label if told.device else None)


def _location(place: SourcePosition, name: str | None, address: str) -> dict[str, Any]:
    return {
        "physicalLocation": sarif.physical_location(place),
        "logicalLocations": [
            {
                "name": printable.line(name or address),
                "fullyQualifiedName": printable.line(address),
                "kind": "resource",
            }
        ],
    }
