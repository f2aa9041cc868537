"""Two snapshots held against each other, and what that amounts to. Data and judgement, pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pciabi.abi import own_words
from pciabi.abi.change import Change, Outcome
from pciabi.abi.compare import Comparison, compare
from pciabi.abi.judgement import Severity
from pciabi.abi.matching import Matching
from pciabi.abi.pair import Basis, Pair
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.abi.unknown import Unknown
from pciabi.abi.verdict import FailOn, Verdict, verdict
from pciabi.errors import SourcePosition


@dataclass(frozen=True)
class Side:
    """One of the two: its snapshot and where it comes from.

    `place` is the user's file; `places` say where in it a device stands, by qdev id or else by
    guest address. `own_names` say what the file calls devices that go by no id, by guest address.
    """

    label: str
    snapshot: Snapshot
    place: SourcePosition
    places: Mapping[str, SourcePosition]
    own_names: own_words.Names = field(default_factory=dict)

    @cached_property
    def names(self) -> own_words.Names:
        """What devices are called in the user's own words, by guest address."""
        return own_words.names(self.snapshot, self.own_names)

    def name_of(self, function: PlacedFunction) -> str:
        """What a function of this side is called."""
        return own_words.name(function, self.names)

    def place_of(self, qdev_id: str | None, address: object) -> SourcePosition:
        """Where a device of this side stands in the user's file, or else the file."""
        by_id = self.places.get(qdev_id) if qdev_id else None
        return by_id or self.places.get(str(address)) or self.place


@dataclass(frozen=True)
class Diff:
    """Everything that differs between two snapshots, and everything that is not known."""

    before: Side
    after: Side
    comparison: Comparison
    fail_on: frozenset[FailOn]

    @property
    def matching(self) -> Matching:
        """Which function is which."""
        return self.comparison.matching

    @property
    def changes(self) -> tuple[Change, ...]:
        """Everything that differs."""
        return self.comparison.changes

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """Every field that a side left open."""
        return self.comparison.unknowns

    @property
    def verdict(self) -> Verdict:
        """How it ends."""
        return verdict(self.changes, self.unknowns, self.fail_on)

    @property
    def exit_code(self) -> int:
        """That of the command line."""
        return {Verdict.COMPATIBLE: 0, Verdict.BREAK: 1, Verdict.ERROR: 3}[self.verdict]

    def of(self, severity: Severity) -> tuple[Change, ...]:
        """The changes of one severity."""
        return tuple(change for change in self.changes if change.severity is severity)

    @property
    def unknown_consequences(self) -> int:
        """How many questions about guest systems the changes leave open."""
        outcomes = [c.outcome for change in self.changes for c in change.consequences]
        return outcomes.count(Outcome.UNKNOWN)

    @property
    def unknown_count(self) -> int:
        """Everything that is not known: fields nobody read, and questions about guests."""
        return len(self.unknowns) + self.unknown_consequences

    @property
    def title(self) -> str:
        """The two sides by name."""
        if self.before.label == self.after.label:
            return self.before.label
        return f"{self.before.label} → {self.after.label}"

    def place_of(self, change: Change) -> SourcePosition:
        """Where the changed device stands in the later file, or in the earlier one if it is
        gone from the later."""
        if change.address_after is not None:
            return self.after.place_of(change.id, change.address_after)
        return self.before.place_of(change.id, change.address_before)

    def name_of(self, pair: Pair) -> str:
        """What a device that both sides have is called."""
        after = self.after.names.get(str(pair.after.address))
        return after or self.before.name_of(pair.before if pair.before.qdev_id else pair.after)

    @property
    def bases(self) -> Mapping[Basis, int]:
        """How many functions were matched for which reason."""
        return Counter(pair.basis for pair in self.matching.pairs)


def diff(before: Side, after: Side, fail_on: frozenset[FailOn]) -> Diff:
    """Hold two sides against each other. Raises CannotTest as `abi.compare`."""
    found = compare(before.snapshot, after.snapshot)
    return Diff(before, after, own_words.told(found, before.names, after.names), fail_on)
