"""Lint findings as lines of text: `file:line:column: severity code name: message`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pciabi.lint.engine import FileResult
from pciabi.report import printable


def render(results: Sequence[FileResult]) -> str:
    """All lines."""
    return "".join(f"{line}\n" for line in lines(results))


def lines(results: Sequence[FileResult]) -> Iterator[str]:
    """Every finding with its remedy, then what could not be read, then the count."""
    for result in results:
        for finding in result.findings:
            start = finding.span.start
            words = f"{finding.severity} {finding.code} {finding.name}: {finding.message}"
            yield printable.line(f"{start.file}:{start.line}:{start.column}: {words}")
            yield f"    {printable.line(finding.remedy)}"
        if result.error is not None:
            yield printable.line(f"{result.error}")
    yield tally(results)


def tally(results: Sequence[FileResult]) -> str:
    """Such as `3 findings in 2 files, 1 file could not be read`."""
    findings = sum(len(result.findings) for result in results)
    unread = sum(result.error is not None for result in results)
    suppressed = sum(result.suppressed for result in results)
    vms = sum(result.vms for result in results)
    words = f"{_count(findings, 'finding')} in {_count(vms, 'VM')}, {_count(len(results), 'file')}"
    more = [f"{suppressed} suppressed"] if suppressed else []
    more += [f"{_count(unread, 'file')} could not be read"] if unread else []
    return "; ".join([words, *more])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
