"""Lint findings as JSON, for other programs: versioned, in stable order. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pciabi import __version__
from pciabi.lint.engine import FileResult
from pciabi.lint.finding import Finding

SCHEMA = "pciabi-lint/1"


def render(results: Sequence[FileResult]) -> str:
    """The document; `verdict` is `error` where a file could not be read or a path holds no VM."""
    return json.dumps(document(results), indent=2) + "\n"


def document(results: Sequence[FileResult]) -> dict[str, Any]:
    """The document as data."""
    findings = [_finding(finding) for result in results for finding in result.findings]
    errors = [_error(result) for result in results if result.error is not None]
    return {
        "schema": SCHEMA,
        "tool": "pciabi",
        "version": __version__,
        "verdict": "error" if errors else "findings" if findings else "clean",
        "files": sum(result.is_told for result in results),
        "vms": sum(result.vms for result in results),
        "suppressed": sum(result.suppressed for result in results),
        "findings": findings,
        "errors": errors,
        "without_vm": [result.file for result in results if not result.is_told],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    start = finding.span.start
    return {
        "file": start.file,
        "line": start.line,
        "column": start.column,
        "end_line": finding.span.last_line,
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "vm": finding.vm,
        "device": finding.device,
        "remedy": finding.remedy,
    }


def _error(result: FileResult) -> dict[str, Any]:
    error = result.error
    assert error is not None, "only results with an error are told as errors"
    place = error.place
    return {
        "file": place.file if place else result.file,
        "line": place.line if place else 1,
        "column": place.column if place else 1,
        "message": error.message,
        "remedy": error.advice,
    }
