"""Two sides held against each other, and what that amounts to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pciabi.abi.change import Change
from pciabi.abi.compare import Comparison, compare
from pciabi.abi.judgement import Severity
from pciabi.abi.matching import Matching
from pciabi.abi.pair import Basis, Pair
from pciabi.abi.unknown import Unknown
from pciabi.errors import SourcePosition
from pciabi.result import own_words, side
from pciabi.result.drift import ExplainedDrift, explained
from pciabi.result.failure import Failure
from pciabi.result.policy import count_unknown
from pciabi.result.side import Side
from pciabi.result.terms import Terms
from pciabi.result.verdict import Verdict, is_one_sided, verdict
from pciabi.vm.drift.drift import Drift


@dataclass(frozen=True)
class JudgedChange:
    """A change, whether it was expected (None where nobody said what to expect), and whether it
    makes the comparison fail. `excuse` says in words why one that would fail does not, such as a
    waiver with its reason and place; empty where none was needed."""

    change: Change
    expected: bool | None
    fails: bool
    excuse: str = ""


@dataclass(frozen=True)
class JudgedComparison:
    """Everything that differs between two sides and everything that is not known, in the user's
    own words, judged by `terms`: what of it was expected, what fails, and how it ends. `drifts`
    are what the two sides' libvirts made differently of one domain, which fails nothing."""

    before: Side
    after: Side
    terms: Terms
    comparison: Comparison
    judged_changes: tuple[JudgedChange, ...]
    failures: tuple[Failure, ...]
    verdict: Verdict
    drifts: tuple[ExplainedDrift, ...] = ()

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

    def of(self, severity: Severity) -> tuple[Change, ...]:
        """The changes of one severity."""
        return tuple(change for change in self.changes if change.severity is severity)

    @property
    def unknown_count(self) -> int:
        """Everything that is not known: fields nobody read, and questions about guests."""
        return count_unknown(self.comparison)

    @property
    def title(self) -> str:
        """The two sides by name."""
        if self.before.label == self.after.label:
            return self.before.label
        return f"{self.before.label} → {self.after.label}"

    def drifts_behind(self, change: Change) -> tuple[Drift, ...]:
        """What the two libvirts made differently that a change is due to."""
        return tuple(one.drift for one in self.drifts if change in one.explains)

    def place_of(self, change: Change) -> SourcePosition:
        """Where the changed device stands in the user's files."""
        return side.place_of(change, self.before, self.after)

    def name_of(self, pair: Pair) -> str:
        """What a device that both sides have is called."""
        after = self.after.names.get(str(pair.after.address))
        return after or self.before.name_of(pair.before if pair.before.qdev_id else pair.after)

    @property
    def bases(self) -> Mapping[Basis, int]:
        """How many functions were matched for which reason."""
        return Counter(pair.basis for pair in self.matching.pairs)


def judge(
    before: Side, after: Side, terms: Terms, looked_at: frozenset[str] | None = None
) -> JudgedComparison:
    """Hold two sides against each other, and judge what differs; `looked_at` as in
    `abi.compare`.

    Raises CannotTest as that does; what only one side shows is a verdict, no error.
    """
    differences = compare(before.snapshot, after.snapshot, looked_at)
    return judge_comparison(differences, before, after, terms)


def judge_comparison(
    differences: Comparison, before: Side, after: Side, terms: Terms
) -> JudgedComparison:
    """Judge what differs between the snapshots of two sides."""
    comparison = own_words.rename(differences, before.names, after.names)
    proved = tuple(terms.proved(comparison, before, after))
    wished = tuple(terms.wished(comparison, before, after))
    excuses = dict(terms.excused(comparison, before, after))
    failing = {failure.change for failure in (*proved, *wished)}
    return JudgedComparison(
        before=before,
        after=after,
        terms=terms,
        comparison=comparison,
        judged_changes=tuple(
            JudgedChange(change, terms.expects(change), change in failing, excuses.get(change, ""))
            for change in comparison.changes
        ),
        # What was wished for may be among what is not known.
        failures=proved if is_one_sided(comparison.unknowns) else (*wished, *proved),
        verdict=verdict(proved, comparison.unknowns, wished),
        drifts=explained(before.domain, after.domain, comparison),
    )
