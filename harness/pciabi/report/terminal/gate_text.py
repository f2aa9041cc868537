"""A gate in lines of text, for a pipe; on a terminal two tables stand in for some of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pciabi.abi.judgement import Severity
from pciabi.report.terminal.errors import console_tail
from pciabi.report.words import drifts, gate, refusals, rows, vms
from pciabi.report.words.matrix import LEGEND, Matrix, matrix
from pciabi.report.words.open_questions import open_questions, unanswered
from pciabi.result.entry import Entry
from pciabi.result.result import Result
from pciabi.result.rows import Row, silent_causes
from pciabi.result.rows import rows as rows_of

_INDENT = "    "
_MOST_COLUMNS = 60


def opening(result: Result) -> Iterator[str]:
    """Who was held against whom, the VMs that will not start, with what to take instead, and those
    that were not judged."""
    for which, version in gate.sides(result):
        yield f"{which}: {version}"
    for name, entry in zip(vms.names(result.entries), result.entries, strict=True):
        if entry.will_not_start is not None:
            yield from _refusal(name, entry)
        if entry.error is not None:
            place = f"{entry.error.place}: " if entry.error.place else ""
            yield f"not judged: {place}{name}: {str(entry.error).removeprefix(place)}"
            yield from console_tail(entry.error)


def _refusal(name: str, entry: Entry) -> Iterator[str]:
    refusal = entry.will_not_start
    assert refusal is not None, "asked only of a VM that will not start"
    waived = ", waived" if refusal.excuse else ""
    yield f"will not start{waived}: {refusal.place}: {name}: {refusals.reason(entry)}"
    for gone in refusal.gone:
        yield f"{_INDENT}gone: {refusals.missing(gone)}"
    if refusal.excuse:
        yield f"{_INDENT}waived: {refusal.excuse}"
    if refusal.gone and refusal.words:
        yield f"{_INDENT}it says: {refusal.words}"
    for replacement in refusal.replacements:
        yield f"{_INDENT}instead: {refusals.instead(replacement)}"


def findings(result: Result) -> Iterator[str]:
    """Every row, what fails nothing in one line, and which VM has which."""
    found = matrix(result.entries)
    names = vms.names(result.entries)
    for letter, row in zip(found.letters, found.rows, strict=True):
        heading = f"{letter} {rows.standing(row)}: {rows.heading(row)}"
        if not rows.is_grave(row):
            yield f"{heading} ({rows.in_vms(row, names)})"
            continue
        yield heading
        yield from (f"{_INDENT}{term}: {value}" for term, value in rows.notes(row, names))
    yield from matrix_lines(found)


def matrix_lines(found: Matrix) -> Iterator[str]:
    """The matrix, all VMs with the same changes in one line; only as many columns as a screen
    has."""
    if not found.rows or len(found.lines) < 2:
        return
    columns = found.letters[:_MOST_COLUMNS]
    wide = max(map(len, columns))
    yield f"matrix ({LEGEND}):"
    yield f"{_INDENT}{' '.join(letter.rjust(wide) for letter in columns)}"
    for line, names in found.patterns:
        marks = " ".join(mark.rjust(wide) for mark in line.marks[:_MOST_COLUMNS])
        yield f"{_INDENT}{marks}  {line.word}: {', '.join(names)}"
    if len(found.letters) > _MOST_COLUMNS:
        yield f"{_INDENT}{len(found.letters) - _MOST_COLUMNS} more columns are in the other formats"


def closing(result: Result) -> Iterator[str]:
    """Who is hurt, what mends it, what is not known, what was not judged, and the counts."""
    yield from judgements(matrix(result.entries).rows)
    yield from _quiet(result)
    names = vms.names(result.entries)
    for question in open_questions(result.entries):
        yield f"unknown: {question.line(names)}"
    asked = unanswered(result.entries)
    if asked:
        questions = vms.counted(asked, "question")
        yield f"unknown: {questions} about guest systems, told with the changes"
    yield from (f"libvirt: {line}" for line in drifts.of_gate(result))
    yield from gate.left_out(result)
    yield gate.checked(result)
    yield gate.tally(result)


def judgements(shown: Sequence[Row]) -> Iterator[str]:
    """Who is hurt by the changes and what mends them, each thing once, with the letters of the
    changes."""
    for hurt in rows.hurts(shown):
        yield f"{hurt.verb} ({rows.ranges(hurt.of, len(shown))}): {hurt.text}"
    for remedy in rows.mending(shown):
        yield f"to mend {rows.ranges(remedy.of, len(shown))}: {remedy.text}"


def _quiet(result: Result) -> Iterator[str]:
    """What is only counted: differences that are no part of the hardware, causes of nothing."""
    every = rows_of(result.entries)
    benign = [row for row in every if row.severity is Severity.BENIGN and not row.fails]
    if benign:
        those = vms.counted(len(benign), "difference")
        yield f"benign: {those} that no guest expects to stay the same"
    silent = silent_causes(result.entries)
    if silent:
        those = "1 property differs" if len(silent) == 1 else f"{len(silent)} properties differ"
        yield f"causes: {those} without visible effect (--causes lists them)"


def causes(result: Result) -> Iterator[str]:
    """The causes of nothing that a guest sees, one a line."""
    names = vms.names(result.entries)
    for silent in silent_causes(result.entries):
        those = vms.shown([names[vm] for vm in silent.vms])
        yield f"without visible effect: {rows.cause(silent.cause)} in {those}"
