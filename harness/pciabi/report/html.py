"""`report.html`: one self-contained page, for people.

Whatever comes from a guest or a file is escaped by the template engine and has lost its
control characters before; the page holds no script and forbids itself any (CSP).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import Unreachable
from pciabi.abi.verdict import Verdict
from pciabi.report import page, story, wording
from pciabi.report.difference import Difference, differences
from pciabi.report.gaps import Gap, gaps
from pciabi.report.slot_map import SlotMap, slot_map
from pciabi.scenario.case import Boot
from pciabi.scenario.result import (
    CaseResult,
    ComparisonResult,
    Failure,
    JudgedChange,
    RunResult,
)

_LONGEST_CONSOLE = 200_000
_LISTED_TROUBLES = 12


@dataclass(frozen=True)
class _Boot:
    """A boot as the page shows it. `notes` are (term, value) pairs."""

    title: str
    notes: tuple[tuple[str, str], ...]
    command_line: str
    console: str


@dataclass(frozen=True)
class _Comparison:
    title: str
    story: str
    failures: tuple[Failure, ...]
    gaps: tuple[Gap, ...]
    map: SlotMap
    weighty: tuple[JudgedChange, ...]
    benign: tuple[JudgedChange, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class _Refusal:
    """A start that QEMU had to refuse."""

    title: str
    story: str
    failure: Failure | None
    command_line: str


@dataclass(frozen=True)
class _Case:
    anchor: str
    standing: wording.Standing
    word: str
    story: str
    result: CaseResult
    refusals: tuple[_Refusal, ...]
    comparisons: tuple[_Comparison, ...]
    boots: tuple[_Boot, ...]
    tail: tuple[str, ...]


def render(result: RunResult) -> str:
    """The page."""
    cases = [_case(number, case) for number, case in enumerate(result.cases, start=1)]
    troubles = [case for case in cases if case.result.verdict is not Verdict.COMPATIBLE]
    return (
        page.environment()
        .get_template("page.html.j2")
        .render(
            result=result,
            verdict=wording.verdict(result),
            tally=wording.tally(result),
            scope=wording.scope(result),
            provenance=_provenance(result),
            cases=cases,
            troubles=troubles[:_LISTED_TROUBLES],
            more_troubles=max(0, len(troubles) - _LISTED_TROUBLES),
        )
    )


def _provenance(result: RunResult) -> list[tuple[str, str]]:
    origins = [boot.snapshot.provenance for case in result.cases for boot in case.boots]
    return [
        ("QEMU", result.qemu),
        ("Accelerator", result.accelerator),
        ("Machine types", _all(origin.machine for origin in origins)),
        ("Guest", _all(origin.guest for origin in origins)),
        ("Firmware", _all(origin.firmware for origin in origins)),
        ("Date", result.started.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")),
        ("Duration", wording.seconds(result.seconds)),
        ("pciabi", result.tool_version),
    ]


def _all(values: Iterable[str]) -> str:
    return ", ".join(sorted(set(values))) or "not known: no guest was read"


def _case(number: int, result: CaseResult) -> _Case:
    evidence = result.error.evidence if result.error else None
    return _Case(
        anchor=f"case-{number}",
        standing=wording.standing(result),
        word=wording.word(result),
        story=story.case_story(result),
        result=result,
        refusals=tuple(
            _Refusal(
                f"A start that QEMU must refuse: {wanted.device_id}",
                story.refusal_story(found),
                found.failure,
                page.shell(found.command_line),
            )
            for wanted, found in zip(result.case.refusals, result.refusals, strict=False)
        ),
        comparisons=tuple(_comparison(result, comparison) for comparison in result.comparisons),
        boots=_boots(result),
        tail=evidence.tail() if evidence else (),
    )


def _comparison(result: CaseResult, comparison: ComparisonResult) -> _Comparison:
    boots = result.case.boots
    before = result.boots[comparison.before].snapshot
    after = result.boots[comparison.after].snapshot
    by_weight = sorted(comparison.changes, key=_weight)
    return _Comparison(
        title=f"{boots[comparison.before].label} → {boots[comparison.after].label}",
        story=story.comparison_story(result, comparison),
        failures=comparison.failures,
        gaps=gaps(comparison.unknowns),
        map=slot_map(before, after, comparison.changes),
        weighty=tuple(j for j in by_weight if j.change.severity is not Severity.BENIGN),
        benign=tuple(j for j in by_weight if j.change.severity is Severity.BENIGN),
        differences=differences(before, after),
    )


def _weight(judged: JudgedChange) -> tuple[int, bool, tuple[int, str]]:
    """Breaking before notable before benign, unexpected before expected, moves first."""
    change = judged.change
    return list(Severity).index(change.severity), judged.expected, change.kind.place


def _boots(result: CaseResult) -> tuple[_Boot, ...]:
    shown = []
    for number, (boot, record) in enumerate(
        zip(result.case.boots, result.boots, strict=False), start=1
    ):
        origin = record.snapshot.provenance
        notes = (
            ("QEMU", origin.qemu_package),
            ("Machine type", origin.machine),
            ("Accelerator", origin.accelerator),
            ("Firmware", origin.firmware),
            ("Guest", origin.guest),
            ("Took", wording.seconds(record.seconds)),
            *(("Unreachable", _unreachable(one)) for one in record.snapshot.unreachable),
            *(("Hot-plugged", f"{device.id} ({device.driver})") for device in boot.plugged),
        )
        title = _boot_title(number, boot)
        shown.append(
            _Boot(title, notes, page.shell(origin.command_line), _shortened(record.console))
        )
    evidence = result.error.evidence if result.error else None
    if evidence is not None:
        number = len(result.boots) + 1
        failed = result.case.boots[number - 1 : number]
        title = f"{_boot_title(number, *failed)}: the boot that failed"
        shown.append(
            _Boot(title, (), page.shell(evidence.command_line), _shortened(evidence.console))
        )
    return tuple(shown)


def _unreachable(one: Unreachable) -> str:
    return f"{one.qdev_id or 'built-in'} ({one.device}) at {one.path}: {one.reason}"


def _boot_title(number: int, boot: Boot | None = None) -> str:
    return f"Boot {number}: {boot.label}" if boot else f"Boot {number}"


def _shortened(console: str) -> str:
    if len(console) <= _LONGEST_CONSOLE:
        return console
    left_out = len(console) - _LONGEST_CONSOLE
    return (
        f"[{left_out} characters left out; the serial log file holds all]\n"
        + (console[-_LONGEST_CONSOLE:])
    )
