"""A gate as results of a SARIF log: what a code scanning page is to show of every VM. Pure.

Only what somebody can act on is a result: no benign difference is one, they are counted. A result
that is waived is there, suppressed with its excuse. GitHub takes 25,000 results at the most; what
is left out beyond that is the least serious, and counted too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pciabi.abi.judgement import Severity
from pciabi.errors import SourcePosition
from pciabi.report import printable, sarif
from pciabi.report.document.circumstances import circumstances
from pciabi.report.sarif import ReportingDescriptor
from pciabi.report.words import drifts, gate, refusals, vms
from pciabi.report.words.change_rules import UNKNOWN, change_rules
from pciabi.report.words.changes import what, where, who
from pciabi.report.words.gaps import gaps
from pciabi.report.words.rows import guest_says
from pciabi.result.entry import Entry
from pciabi.result.judged import JudgedChange, JudgedComparison
from pciabi.result.result import Result
from pciabi.result.verdict import Verdict

MOST_RESULTS = 25_000
_FINGERPRINT = "pciabiDifference/v1"
WILL_NOT_START = Verdict.WILL_NOT_START.value
NOT_JUDGED = "not-judged"
POLICY = "policy"
_OF_GATE = (
    ReportingDescriptor(
        WILL_NOT_START,
        "Will not start",
        "The earlier hypervisor starts this configuration and the later one refuses it: it does "
        "not have something that the configuration names.",
        "Take what the later one has in its place, such as one of the machine types that the "
        "report proposes, or keep the earlier one for this VM.",
    ),
    ReportingDescriptor(
        NOT_JUDGED,
        "Not judged",
        "This configuration could not be read on both sides, so nothing is proved about it.",
        "Mend what the message says, and run the gate again.",
    ),
    ReportingDescriptor(
        POLICY,
        "Policy fails",
        "The policy that the gate judges by fails by itself, whatever the VMs do.",
        "Renew or remove the waiver that the message names.",
    ),
)
_LEVELS = {Severity.BREAKING: "error", Severity.NOTABLE: "warning", Severity.BENIGN: "note"}
_ORDER = ("error", "warning", "note", "none")


def rules() -> tuple[ReportingDescriptor, ...]:
    """Every rule of a gate's log: the kinds of change, and its own."""
    return (*change_rules().values(), *_OF_GATE)


def results(result: Result) -> list[dict[str, Any]]:
    """All results, the most serious first, as many as may be."""
    index = {rule.id: number for number, rule in enumerate(rules())}
    found = [*_of_policy(result)]
    for name, entry in zip(vms.names(result.entries), result.entries, strict=True):
        found += _of_vm(name, entry)
    ordered = sorted(found, key=lambda one: _ORDER.index(one["level"]))
    return [{"ruleIndex": index[one["ruleId"]], **one} for one in ordered]


def properties(result: Result, count: int) -> dict[str, Any]:
    """What a run's log says beside its results: what of it is not among them. `count` is how many
    there are in all."""
    benign = sum(len(one.of(Severity.BENIGN)) for one in result.comparisons)
    return {
        **dict(gate.sides(result)),
        "checked": gate.checked(result),
        "benign": benign,
        "leftOut": max(0, count - MOST_RESULTS),
        "libvirt": [printable.line(line) for line in drifts.of_gate(result)],
    }


def _of_vm(name: str, entry: Entry) -> Iterator[dict[str, Any]]:
    title = replace(entry.subject, group=sarif.relative(entry.subject.group)).title
    start = SourcePosition(str(entry.subject.file), 1)
    if entry.error is not None:
        place = entry.error.place or start
        yield _result(NOT_JUDGED, "error", f"{name}: {entry.error}", place, title)
    elif entry.will_not_start is not None:
        refusal = entry.will_not_start
        gone = [f" Gone: {refusals.missing(one)}." for one in refusal.gone]
        instead = [f" Instead: {refusals.instead(one)}." for one in refusal.replacements]
        words = f"{name}: {refusals.reason(entry)}.{''.join((*gone, *instead))}"
        level = "note" if refusal.excuse else "error"
        made = _result(WILL_NOT_START, level, words, refusal.place, title)
        yield _suppressed(made, refusal.excuse)
    elif entry.verdict is Verdict.ERROR:
        yield _result(NOT_JUDGED, "error", f"{name}: {gate.trouble(entry)}", start, title)
    for comparison in entry.comparisons:
        for judged in comparison.judged_changes:
            if judged.fails or judged.change.severity is not Severity.BENIGN:
                yield _of_change(name, title, comparison, judged)
        for gap in gaps(comparison.unknowns):
            one = _result(UNKNOWN, "none", f"{name}: {gap}", start, title, str(gap))
            yield {**one, "kind": "open"}


def _of_change(
    name: str, title: str, comparison: JudgedComparison, judged: JudgedChange
) -> dict[str, Any]:
    change = judged.change
    guests = "".join(f" {guest_says(consequence)}." for consequence in change.consequences)
    words = f"{name}: {who(change)}: {what(change)} ({change.severity}: {change.reason}).{guests}"
    level = "error" if judged.fails else _LEVELS[change.severity]
    # A line in the label moves with whatever is written above it.
    device = change.id or change.device or change.label
    path = change.path_before or change.path_after
    facts = (device, path, change.field, change.offset, change.mask, change.before, change.after)
    made = _result(str(change.kind), level, words, comparison.place_of(change), title, *facts)
    sides = comparison.before, comparison.after
    made["properties"] = {
        **{key.rstrip("_"): value for key, value in circumstances(change, *sides).items()},
        "vm": printable.line(name),
        "address": where(change),
        "severity": change.severity,
        "fails": judged.fails,
    }
    return _suppressed(made, judged.excuse)


def _suppressed(made: dict[str, Any], excuse: str) -> dict[str, Any]:
    """The result, suppressed where there is an excuse."""
    if not excuse:
        return made
    justification = printable.line(excuse)
    accepted = {"kind": "external", "status": "accepted", "justification": justification}
    return {**made, "suppressions": [accepted]}


def _of_policy(result: Result) -> Iterator[dict[str, Any]]:
    failures = result.coverage.failures if result.coverage is not None else ()
    for failure in failures:
        yield _result(POLICY, "error", failure.message, failure.position, failure.message)


def _result(
    rule: str, level: str, words: str, place: SourcePosition, *facts: object
) -> dict[str, Any]:
    return {
        "ruleId": rule,
        "kind": "fail",
        "level": level,
        "message": {"text": printable.line(words)},
        "locations": [{"physicalLocation": sarif.physical_location(place)}],
        "partialFingerprints": {_FINGERPRINT: sarif.fingerprint(rule, *facts)},
    }


def kept(found: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """As many results as a page takes, the most serious."""
    return found[:MOST_RESULTS]
