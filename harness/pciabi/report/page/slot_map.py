"""The slot map: every place that is taken before or after, and which device went where. Pure.

Rows stand for places (topology paths), depth-first, so that a bridge is followed by what is
behind it. Every row has the same height, which is how the arrows find their ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pciabi.abi.facts.interfaces import RENAMED
from pciabi.abi.facts.topology import APPEARED, MOVED, RENUMBERED, VANISHED
from pciabi.abi.judgement import Severity
from pciabi.abi.matching import Matching
from pciabi.abi.snapshot import PlacedFunction, Snapshot, is_made_up
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.result.judged import JudgedChange, JudgedComparison

_BUILT_IN = "built in"
Name = Callable[[PlacedFunction], str]
"""What a function is called."""


class Mark(StrEnum):
    """What became of a device; also its CSS class."""

    SAME = "same"
    MOVED = "moved"
    RENUMBERED = "renumbered"
    RENAMED = "renamed"
    CHANGED = "changed"
    GONE = "gone"
    NEW = "new"


# The mark that wins where a device changed in several ways comes first.
_MARKS = {
    VANISHED: Mark.GONE,
    APPEARED: Mark.NEW,
    MOVED: Mark.MOVED,
    RENUMBERED: Mark.RENUMBERED,
    RENAMED: Mark.RENAMED,
}


@dataclass(frozen=True)
class Fate:
    """What became of a device, and whether the scenario had that coming."""

    mark: Mark
    expected: bool


_UNCHANGED = Fate(Mark.SAME, expected=True)


@dataclass(frozen=True)
class Cell:
    """A device in its slot. `note` says in words what became of it, empty where nothing did."""

    slot: str
    name: str
    detail: str
    note: str
    fate: Fate


@dataclass(frozen=True)
class Row:
    """One place. `depth` counts the bridges in front of it; a cell is None where it is empty."""

    place: str
    depth: int
    before: Cell | None
    after: Cell | None


@dataclass(frozen=True)
class Line:
    """From a row on the left to a row on the right, both counted from 0."""

    start: int
    end: int
    fate: Fate


@dataclass(frozen=True)
class SlotMap:
    """All rows, and the lines between them: unchanged devices first, so that the others lie on
    top."""

    rows: tuple[Row, ...]
    lines: tuple[Line, ...]

    @property
    def quiet(self) -> bool:
        """Whether every device is where it was."""
        return all(line.fate.mark in (Mark.SAME, Mark.CHANGED) for line in self.lines)


def slot_map(comparison: JudgedComparison, names: tuple[Name, Name] | None = None) -> SlotMap:
    """The map of two snapshots and the changes between them.

    `names` say what a function of each is called that has no id; without them every one is
    built in, as in a scenario, where all others have one.
    """
    matching = comparison.matching
    before, after = comparison.before.snapshot, comparison.after.snapshot
    fates = _fates(comparison.judged_changes)
    name_before, name_after = names or (_built_in, _built_in)
    left = dict(_left_cells(matching, before, after, fates, name_before))
    right = dict(_right_cells(matching, after, fates, name_after))
    paths = sorted(left.keys() | right.keys())
    places = {path: number for number, path in enumerate(paths)}
    rows = tuple(
        Row(_place(path), len(path.hops) - 1, left.get(path), right.get(path)) for path in paths
    )
    lines = (
        Line(
            places[pair.before.path],
            places[pair.after.path],
            fates.get((pair.before.path, pair.after.path), _UNCHANGED),
        )
        for pair in matching.pairs
    )
    return SlotMap(rows, tuple(sorted(lines, key=lambda line: line.fate.mark is not Mark.SAME)))


_Paths = tuple[TopologyPath | None, TopologyPath | None]


def _fates(changes: Iterable[JudgedChange]) -> dict[_Paths, Fate]:
    """By place before and after, of each device with a breaking change, the worst."""
    by_paths: dict[_Paths, list[JudgedChange]] = {}
    for judged in changes:
        if judged.change.severity is Severity.BREAKING:
            paths = (judged.change.path_before, judged.change.path_after)
            by_paths.setdefault(paths, []).append(judged)
    return {paths: _fate(changes) for paths, changes in by_paths.items()}


def _fate(changes: list[JudgedChange]) -> Fate:
    marks = [_MARKS.get(judged.change.kind, Mark.CHANGED) for judged in changes]
    order = [*_MARKS.values(), Mark.CHANGED]
    return Fate(min(marks, key=order.index), all(judged.expected for judged in changes))


def _left_cells(
    matching: Matching,
    before: Snapshot,
    after: Snapshot,
    fates: Mapping[_Paths, Fate],
    name: Name,
) -> Iterator[tuple[TopologyPath, Cell]]:
    for pair in matching.pairs:
        fate = fates.get((pair.before.path, pair.after.path), _UNCHANGED)
        note = _pair_note(fate, "to", pair.after.address)
        yield pair.before.path, _cell(pair.before, before, note, fate, name)
    for function in matching.vanished:
        fate = fates.get((function.path, None), Fate(Mark.GONE, expected=False))
        word = "unreachable" if after.why_unreachable(function.qdev_id) else "removed"
        note = word if fate.expected else {"removed": "GONE"}.get(word, word.upper())
        yield function.path, _cell(function, before, note, fate, name)


def _right_cells(
    matching: Matching, after: Snapshot, fates: Mapping[_Paths, Fate], name: Name
) -> Iterator[tuple[TopologyPath, Cell]]:
    for pair in matching.pairs:
        fate = fates.get((pair.before.path, pair.after.path), _UNCHANGED)
        note = _pair_note(fate, "from", pair.before.address)
        yield pair.after.path, _cell(pair.after, after, note, fate, name)
    for function in matching.appeared:
        fate = fates.get((None, function.path), Fate(Mark.NEW, expected=False))
        yield function.path, _cell(function, after, "added" if fate.expected else "NEW", fate, name)


def _pair_note(fate: Fate, direction: str, other: GuestAddress) -> str:
    if fate.mark is Mark.SAME:
        return ""
    word = fate.mark.value if fate.expected else fate.mark.value.upper()
    if fate.mark in (Mark.MOVED, Mark.RENUMBERED):
        return f"{word} {direction} {_slot(other)}"
    return word


def _built_in(_function: PlacedFunction) -> str:
    return _BUILT_IN


def _cell(function: PlacedFunction, snapshot: Snapshot, note: str, fate: Fate, name: Name) -> Cell:
    own = None if is_made_up(function.qdev_id) else function.qdev_id
    called = own or name(function)
    interface = snapshot.interface_at(function.address)
    words = function.function.text.split("\n", 1)[0].partition(" ")[2]
    kind = function.device or words
    # What goes by its kind says it once.
    details = ["" if kind in called else kind, interface.name if interface else None]
    return Cell(
        slot=_slot(function.address),
        name=called,
        detail=", ".join(detail for detail in details if detail),
        note=note,
        fate=fate,
    )


def _slot(address: GuestAddress) -> str:
    """Without the domain where that is 0: `00:03.0`."""
    return str(address).removeprefix("0000:")


def _place(path: TopologyPath) -> str:
    slot, function = path.hops[-1]
    return f"{slot:02x}.{function:x}"
