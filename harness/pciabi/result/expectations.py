"""What somebody expects of two boots: what must change between them, what must not, what may."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pciabi.abi.change import Change
from pciabi.abi.compare import Comparison
from pciabi.abi.facts.topology import APPEARED, VANISHED
from pciabi.abi.judgement import Severity
from pciabi.errors import SourcePosition
from pciabi.result.failure import Aspect, Failure, aspects, sentence, subject
from pciabi.result.side import Side


@dataclass(frozen=True)
class Expectation:
    """Whether one aspect of one device, or of the machine, must change (True) or must not
    (False)."""

    device_id: str
    aspect: Aspect
    changed: bool
    position: SourcePosition


@dataclass(frozen=True)
class Tolerance:
    """An aspect of a device that may do as it likes, because another one must change."""

    device_id: str
    aspect: Aspect


@dataclass(frozen=True)
class Expectations:
    """Terms for two boots (`before` and `after` count the boots of a case from 0).

    Whatever no expectation speaks of must be unchanged, `removed` and `added` devices apart.
    """

    before: int
    after: int
    removed: frozenset[str]
    added: frozenset[str]
    expectations: tuple[Expectation, ...]
    tolerances: tuple[Tolerance, ...]
    position: SourcePosition

    def expects(self, change: Change) -> bool:
        """Whether the steps between the boots, or the expectations, account for a change."""
        who = subject(change)
        if who is None:
            return False
        if change.kind == VANISHED and change.id in self.removed:
            return True
        if change.kind == APPEARED and change.id in self.added:
            return True
        return all((who, aspect) in self._allowed for aspect in aspects(change))

    def proved(self, comparison: Comparison, _before: Side, after: Side) -> Iterator[Failure]:
        """Every breaking change that nothing accounts for."""
        positions = {(e.device_id, e.aspect): e.position for e in self.expectations}
        for change in _breaking(comparison):
            if self.expects(change):
                continue
            who = subject(change) or ""
            blamed = [a for a in sorted(aspects(change)) if (who, a) in positions]
            aspect = (blamed or sorted(aspects(change)))[0]
            yield Failure(
                change.id,
                aspect,
                sentence(change, after.snapshot),
                positions.get((who, aspect), self.position),
                change,
            )

    def wished(self, comparison: Comparison, _before: Side, _after: Side) -> Iterator[Failure]:
        """Every expectation of a change that is not seen."""
        for expectation in self.expectations:
            is_seen = any(
                subject(change) == expectation.device_id and expectation.aspect in aspects(change)
                for change in _breaking(comparison)
            )
            if expectation.changed and not is_seen:
                yield Failure(
                    expectation.device_id,
                    expectation.aspect,
                    f"the {expectation.aspect} of {expectation.device_id} was expected to change "
                    "and did not",
                    expectation.position,
                )

    def excused(
        self, _comparison: Comparison, _before: Side, _after: Side
    ) -> tuple[tuple[Change, str], ...]:
        """None: what was to come needs no excuse."""
        return ()

    @cached_property
    def _allowed(self) -> frozenset[tuple[str, Aspect]]:
        expected = {(e.device_id, e.aspect) for e in self.expectations if e.changed}
        return frozenset(expected | {(t.device_id, t.aspect) for t in self.tolerances})


def _breaking(comparison: Comparison) -> list[Change]:
    return [change for change in comparison.changes if change.severity is Severity.BREAKING]
