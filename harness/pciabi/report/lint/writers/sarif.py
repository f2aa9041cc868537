"""Lint findings as SARIF 2.1.0 (OASIS), for code scanning. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pciabi.lint import suppression
from pciabi.lint.baseline import key
from pciabi.lint.engine import FileResult
from pciabi.lint.finding import Finding, Severity
from pciabi.lint.rule import LoadedRule
from pciabi.lint.rule import rules as all_rules
from pciabi.report import printable, sarif

_FINGERPRINT = "pciabiLint/v1"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "note"}


def render(results: Sequence[FileResult]) -> str:
    """The log, in ASCII. A file that could not be read is a notification of the tool's."""
    rules = [*map(_rule, all_rules()), *_of_suppressions()]
    ids = [rule.id for rule in rules]
    errors = [_notification(result) for result in results if result.error is not None]
    run = {
        "invocations": [{"executionSuccessful": not errors, "toolExecutionNotifications": errors}],
    }
    told = [found for result in results for found in _results(result, ids)]
    return sarif.render(rules, told, run)


def _rule(loaded: LoadedRule) -> sarif.ReportingDescriptor:
    rule = loaded.rule
    title = rule.name.replace("-", " ")
    meaning = " ".join(loaded.manual.split())
    return sarif.ReportingDescriptor(
        rule.code, title, meaning, f"Such as: {rule.good.text.strip()}", _LEVELS[rule.severity]
    )


def _of_suppressions() -> Iterator[sarif.ReportingDescriptor]:
    for name, code in suppression.CODES.items():
        title = name.replace("-", " ")
        yield sarif.ReportingDescriptor(
            code, title, "A suppression does not do what it is there for.", "Mend it.", "warning"
        )


def _results(result: FileResult, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    seen: dict[tuple[str, ...], int] = {}
    for finding in result.findings:
        number = seen[key(finding)] = seen.get(key(finding), 0) + 1
        yield _result(finding, number, ids)


def _result(finding: Finding, number: int, ids: Sequence[str]) -> dict[str, Any]:
    place = sarif.physical_location(finding.span.start)
    place["region"]["endLine"] = finding.span.last_line
    return {
        "ruleId": finding.code,
        "ruleIndex": ids.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": {"text": printable.line(f"{finding.message}. To mend it: {finding.remedy}")},
        "locations": [
            {
                "physicalLocation": place,
                "logicalLocations": [
                    {"name": printable.line(finding.device), "kind": "resource"},
                ],
            }
        ],
        "partialFingerprints": {_FINGERPRINT: sarif.fingerprint(*key(finding), number)},
    }


def _notification(result: FileResult) -> dict[str, Any]:
    error = result.error
    assert error is not None, "only results with an error are told as errors"
    places = [{"physicalLocation": sarif.physical_location(error.place)}] if error.place else []
    return {
        "level": "error",
        "message": {"text": printable.line(str(error))},
        "locations": places,
    }
