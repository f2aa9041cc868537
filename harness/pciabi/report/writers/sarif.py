"""`report.sarif`: changes as SARIF 2.1.0 (OASIS), for code scanning.

A breaking change fails as an error, a notable one as a warning; a benign one is for
information, an expected one passes, and what is not known is open. A result points at the
device's line in the user's file, and its fingerprint holds no version, so that it is the same
finding in the next run.
"""

from __future__ import annotations

from typing import Any

from pciabi.abi.change import Change
from pciabi.abi.judgement import Severity
from pciabi.abi.unknown import Unknown
from pciabi.errors import SourcePosition
from pciabi.report import printable, sarif, sarif_of_vms
from pciabi.report.document.circumstances import circumstances
from pciabi.report.words import drifts, verdicts
from pciabi.report.words.change_rules import UNKNOWN, change_rules, rule_index
from pciabi.report.words.changes import HARMS, by_severity, what, where, who
from pciabi.report.words.gaps import gaps
from pciabi.result.judged import JudgedChange, JudgedComparison
from pciabi.result.result import Command, Result
from pciabi.result.verdict import Verdict

FILE = "report.sarif"
COMMANDS = frozenset({Command.DIFF, Command.GATE})
_FINGERPRINT = "pciabiDifference/v1"
_KINDS = {
    Severity.BREAKING: ("fail", "error"),
    Severity.NOTABLE: ("fail", "warning"),
    Severity.BENIGN: ("informational", "none"),
}
_EXPECTED = ("pass", "none")


def render(result: Result) -> str:
    """The log, in ASCII. One without results has all its rules, and says that nothing was found."""
    if result.command is Command.GATE:
        found = sarif_of_vms.results(result)
        more = sarif_of_vms.properties(result, len(found))
        return sarif.render(sarif_of_vms.rules(), sarif_of_vms.kept(found), _run(result, more))
    told = [printable.line(line) for one in result.comparisons for line in drifts.lines(one)]
    more = {"libvirt": told} if told else {}
    return sarif.render(tuple(change_rules().values()), _results(result), _run(result, more))


def _results(result: Result) -> list[dict[str, Any]]:
    return [
        *(
            _of_change(comparison, judged)
            for comparison in result.comparisons
            for judged in by_severity(comparison.judged_changes)
        ),
        *(
            _of_unknown(comparison, unknown)
            for comparison in result.comparisons
            for unknown in comparison.unknowns
        ),
    ]


def _run(result: Result, more: dict[str, Any]) -> dict[str, Any]:
    """What the log says of the whole run; `more` are further properties."""
    titles = dict.fromkeys(entry.subject.title for entry in result.entries)
    # A gate is one analysis, whatever VMs there are today.
    what = "" if result.command is Command.GATE else printable.line(", ".join(titles))
    return {
        "automationDetails": {"id": f"pciabi-{result.command}/{what}"},
        "invocations": [
            {
                "executionSuccessful": result.verdict is not Verdict.ERROR,
                "exitCode": result.exit_code,
                "exitCodeDescription": printable.line(verdicts.verdict(result)),
            }
        ],
        "properties": {
            "verdict": result.verdict.value,
            "unknown": sum(comparison.unknown_count for comparison in result.comparisons),
            "scope": verdicts.scope_line(result),
            **more,
        },
    }


def _of_change(comparison: JudgedComparison, judged: JudgedChange) -> dict[str, Any]:
    change = judged.change
    kind, level = _EXPECTED if judged.expected else _KINDS[change.severity]
    consequences = [f" {HARMS[c.harm]}: {c.message}." for c in change.consequences]
    sides = comparison.before, comparison.after
    place = comparison.place_of(change)
    return {
        "ruleId": change.kind,
        "ruleIndex": rule_index(change.kind),
        "kind": kind,
        "level": level,
        "message": {
            "text": printable.line(
                f"{who(change)}: {what(change)} "
                f"({change.severity}: {change.reason}).{''.join(consequences)}"
            )
        },
        "locations": [_location(place, _name(change), where(change) or change.label)],
        "relatedLocations": _other_side(comparison, change),
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
        "properties": {
            **{key.rstrip("_"): value for key, value in circumstances(change, *sides).items()},
            "offset": change.offset,
            "mask": change.mask,
            "severity": change.severity,
            "reason": change.reason,
        },
    }


def _of_unknown(comparison: JudgedComparison, unknown: Unknown) -> dict[str, Any]:
    place = comparison.after.place_of(unknown.id, unknown.address_after)
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


def _other_side(comparison: JudgedComparison, change: Change) -> list[dict[str, Any]]:
    if change.address_before is None or change.address_after is None:
        return []
    place = comparison.before.place_of(change.id, change.address_before)
    location = _location(place, _name(change), str(change.address_before))
    return [{**location, "id": 1, "message": {"text": "before"}}]


def _name(about: Change | Unknown) -> str | None:
    """The id, or driver and line; None for what only has its place."""
    return about.id or (about.label if about.device else None)


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
