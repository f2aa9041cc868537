"""Lint findings as GitHub workflow commands: annotations at the very line. Pure.

Source: GitHub, "Workflow commands for GitHub Actions", setting an error, warning or notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pciabi.lint.engine import FileResult
from pciabi.lint.finding import Severity
from pciabi.report import printable

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "notice"}


def render(results: Sequence[FileResult]) -> str:
    """One command a line."""
    return "".join(f"{line}\n" for line in _lines(results))


def _lines(results: Sequence[FileResult]) -> Iterator[str]:
    for result in results:
        for finding in result.findings:
            start = finding.span.start
            place = {
                "file": start.file,
                "line": str(start.line),
                "endLine": str(finding.span.last_line),
                "col": str(start.column),
                "title": f"{finding.code} {finding.name}",
            }
            command = _COMMANDS[finding.severity]
            yield _command(command, place, f"{finding.message}. To mend it: {finding.remedy}")
        if result.error is not None:
            where = result.error.place
            place = {"file": result.file, "line": str(where.line if where else 1)}
            yield _command("error", {**place, "title": "pciabi"}, result.error.message)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {told}::{_data(printable.line(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable.line(text)).replace(":", "%3A").replace(",", "%2C")
