"""A comparison as one self-contained HTML page, for people."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.abi.change import Change
from pciabi.abi.diff import Diff, Side
from pciabi.abi.judgement import Severity
from pciabi.abi.pair import Pair
from pciabi.report import diff_wording, page, substituted
from pciabi.report.difference import Difference, differences
from pciabi.report.gaps import gaps
from pciabi.report.slot_map import SlotMap, slot_map
from pciabi.scenario.result import JudgedChange


@dataclass(frozen=True)
class _Shown:
    """A change as the page shows it: nobody said what to expect."""

    change: Change
    expected: None = None


@dataclass(frozen=True)
class _Comparison:
    map: SlotMap
    weighty: tuple[_Shown, ...]
    benign: tuple[_Shown, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class _Side:
    notes: tuple[tuple[str, str], ...]
    command_line: str


@dataclass(frozen=True)
class _Match:
    label: str
    before: str
    after: str
    basis: str


def render(diff: Diff) -> str:
    """The page."""
    return (
        page.environment()
        .get_template("diff.html.j2")
        .render(
            diff=diff,
            verdict=diff_wording.verdict(diff),
            tally=diff_wording.tally(diff),
            matched=diff_wording.matched(diff),
            scope=diff_wording.scope(diff),
            sides=[("Before", _side(diff.before)), ("After", _side(diff.after))],
            substituted=list(substituted.lines(diff)),
            gaps=gaps(diff.unknowns),
            comparison=_comparison(diff),
            matches=[_match(diff, pair) for pair in diff.matching.pairs],
        )
    )


def _side(side: Side) -> _Side:
    return _Side(diff_wording.notes(side), page.shell(side.snapshot.provenance.command_line))


def _comparison(diff: Diff) -> _Comparison:
    before, after = diff.before.snapshot, diff.after.snapshot
    judged = [JudgedChange(change, expected=False) for change in diff.changes]
    by_weight = sorted(diff.changes, key=_weight)
    return _Comparison(
        map=slot_map(before, after, judged, (diff.before.name_of, diff.after.name_of)),
        weighty=tuple(_Shown(c) for c in by_weight if c.severity is not Severity.BENIGN),
        benign=tuple(_Shown(c) for c in by_weight if c.severity is Severity.BENIGN),
        differences=differences(before, after, diff.name_of),
    )


def _weight(change: Change) -> tuple[int, tuple[int, str]]:
    """Breaking before notable before benign, moves first."""
    return list(Severity).index(change.severity), change.kind.place


def _match(diff: Diff, pair: Pair) -> _Match:
    before, after = str(pair.before.address), str(pair.after.address)
    return _Match(diff.name_of(pair), before, after, pair.basis)
