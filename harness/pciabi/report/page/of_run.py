"""A run as one page: what the template needs of each case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from pciabi.abi.snapshot import Unreachable
from pciabi.report.page.comparison import Compared, compared
from pciabi.report.page.environment import shell
from pciabi.report.words import cases, story, verdicts
from pciabi.report.words.gaps import Gap, gaps
from pciabi.result.boot import BootRecord
from pciabi.result.entry import Entry, PlannedBoot, RefusalResult
from pciabi.result.failure import Failure
from pciabi.result.judged import JudgedComparison
from pciabi.result.result import Result
from pciabi.result.verdict import Verdict

TEMPLATE = "run.html.j2"
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
    compared: Compared


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
    standing: cases.Standing
    word: str
    story: str
    entry: Entry
    refusals: tuple[_Refusal, ...]
    comparisons: tuple[_Comparison, ...]
    boots: tuple[_Boot, ...]
    tail: tuple[str, ...]


def context(result: Result) -> dict[str, Any]:
    """The names of the template."""
    shown = [_case(number, entry) for number, entry in enumerate(result.entries, start=1)]
    troubles = [case for case in shown if case.entry.verdict is not Verdict.COMPATIBLE]
    return {
        "result": result,
        "verdict": verdicts.verdict(result),
        "tally": verdicts.tally(result),
        "scope": verdicts.scope_line(result),
        "provenance": _provenance(result),
        "cases": shown,
        "troubles": troubles[:_LISTED_TROUBLES],
        "more_troubles": max(0, len(troubles) - _LISTED_TROUBLES),
    }


def _provenance(result: Result) -> list[tuple[str, str]]:
    origins = [snapshot.provenance for snapshot in result.snapshots]
    return [
        ("QEMU", result.qemu),
        ("Accelerator", result.accelerator),
        ("Machine types", _all(origin.machine for origin in origins)),
        ("Guest", _all(origin.guest for origin in origins)),
        ("Firmware", _all(origin.firmware for origin in origins)),
        ("Date", result.started.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")),
        ("Duration", cases.seconds(result.seconds)),
        ("pciabi", result.tool_version),
    ]


def _all(values: Iterable[str]) -> str:
    return ", ".join(sorted(set(values))) or "not known: no guest was read"


def _case(number: int, entry: Entry) -> _Case:
    evidence = entry.error.evidence if entry.error else None
    refusals = zip(entry.plan.refusals, entry.refusals, strict=False)
    return _Case(
        anchor=f"case-{number}",
        standing=cases.standing(entry),
        word=cases.word(entry),
        story=story.entry_story(entry),
        entry=entry,
        refusals=tuple(_refusal(planned.device_id, refusal) for planned, refusal in refusals),
        comparisons=tuple(_comparison(entry, comparison) for comparison in entry.comparisons),
        boots=_boots(entry),
        tail=evidence.tail() if evidence else (),
    )


def _refusal(device_id: str, refusal: RefusalResult) -> _Refusal:
    return _Refusal(
        f"A start that QEMU must refuse: {device_id}",
        story.refusal_story(refusal),
        refusal.failure,
        shell(refusal.command_line),
    )


def _comparison(entry: Entry, comparison: JudgedComparison) -> _Comparison:
    return _Comparison(
        title=f"{comparison.before.label} → {comparison.after.label}",
        story=story.comparison_story(entry, comparison),
        failures=comparison.failures,
        gaps=gaps(comparison.unknowns),
        compared=compared(comparison),
    )


def _boots(entry: Entry) -> tuple[_Boot, ...]:
    planned = entry.plan.boots
    shown = [
        _boot(number, *boot)
        for number, boot in enumerate(zip(planned, entry.boots, strict=False), start=1)
    ]
    evidence = entry.error.evidence if entry.error else None
    if evidence is not None:
        number = len(entry.boots) + 1
        title = f"{_boot_title(number, *planned[number - 1 : number])}: the boot that failed"
        console = _shortened(evidence.console)
        shown.append(_Boot(title, (), shell(evidence.command_line), console))
    return tuple(shown)


def _boot(number: int, planned: PlannedBoot, record: BootRecord) -> _Boot:
    origin = record.snapshot.provenance
    notes = (
        ("QEMU", origin.qemu_package),
        ("Machine type", origin.machine),
        ("Accelerator", origin.accelerator),
        ("Firmware", origin.firmware),
        ("Guest", origin.guest),
        ("Took", cases.seconds(record.seconds)),
        *(("Unreachable", _unreachable(one)) for one in record.snapshot.unreachable),
        *(("Hot-plugged", f"{device.id} ({device.driver})") for device in planned.plugged),
    )
    title = _boot_title(number, planned)
    return _Boot(title, notes, shell(origin.command_line), _shortened(record.console))


def _unreachable(one: Unreachable) -> str:
    return f"{one.qdev_id or 'built-in'} ({one.device}) at {one.path}: {one.reason}"


def _boot_title(number: int, boot: PlannedBoot | None = None) -> str:
    return f"Boot {number}: {boot.label}" if boot else f"Boot {number}"


def _shortened(console: str) -> str:
    if len(console) <= _LONGEST_CONSOLE:
        return console
    left_out = len(console) - _LONGEST_CONSOLE
    return (
        f"[{left_out} characters left out; the serial log file holds all]\n"
        + (console[-_LONGEST_CONSOLE:])
    )
