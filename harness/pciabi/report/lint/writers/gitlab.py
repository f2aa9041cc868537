"""Lint findings as a GitLab code quality report. Pure.

Source: GitLab, "Code Quality", the report format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from pciabi.lint.baseline import key
from pciabi.lint.engine import FileResult
from pciabi.lint.finding import Finding, Severity

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.ADVICE: "info"}


def render(results: Sequence[FileResult]) -> str:
    """The report; a file that could not be read is a blocker."""
    return json.dumps(list(_issues(results)), indent=2) + "\n"


def fingerprint(finding: Finding, number: int) -> str:
    """What stays the same when lines above are edited: the `number`th of its kind here."""
    return hashlib.sha256("\0".join((*key(finding), str(number))).encode()).hexdigest()


def _issues(results: Sequence[FileResult]) -> Iterator[dict[str, Any]]:
    for result in results:
        seen: dict[tuple[str, ...], int] = {}
        for finding in result.findings:
            number = seen[key(finding)] = seen.get(key(finding), 0) + 1
            yield _issue(
                f"{finding.message} ({finding.remedy})",
                f"{finding.code} {finding.name}",
                fingerprint(finding, number),
                _SEVERITIES[finding.severity],
                finding.span.start.file,
                finding.span.start.line,
            )
        if result.error is not None:
            place = result.error.place
            mark = hashlib.sha256(f"{result.file}\0{result.error.message}".encode()).hexdigest()
            line = place.line if place else 1
            yield _issue(result.error.message, "unreadable", mark, "blocker", result.file, line)


def _issue(
    description: str, check: str, mark: str, severity: str, path: str, line: int
) -> dict[str, Any]:
    return {
        "description": description,
        "check_name": check,
        "fingerprint": mark,
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }
