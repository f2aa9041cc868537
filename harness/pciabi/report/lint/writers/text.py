"""Lint findings as lines of text: `file:line:column: severity code name: message`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pciabi.lint.engine import FileResult
from pciabi.report import printable

_SHOWN = 3


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
    """Such as `3 findings in 2 VMs, 2 files; 1 file could not be read`."""
    findings = sum(len(result.findings) for result in results)
    errors = [result.error for result in results if result.error is not None]
    unread = sum(error.place is not None for error in errors)
    empty = len(errors) - unread
    suppressed = sum(result.suppressed for result in results)
    vms = sum(result.vms for result in results)
    read = sum(result.vms > 0 for result in results) + unread
    left_out = [result.file for result in results if not result.is_told]
    words = f"{_count(findings, 'finding')} in {_count(vms, 'VM')}, {_count(read, 'file')}"
    more = [f"{suppressed} suppressed"] if suppressed else []
    more += [f"{_count(unread, 'file')} could not be read"] if unread else []
    more += [f"{_count(empty, 'path')} without a VM"] if empty else []
    more += [f"left out, as no VM can be read in it: {_some(left_out)}"] if left_out else []
    return "; ".join([words, *more])


def _some(files: Sequence[str]) -> str:
    rest = len(files) - _SHOWN
    shown = ", ".join(printable.line(file) for file in files[:_SHOWN])
    return f"{shown} and {rest} more" if rest > 0 else shown


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
