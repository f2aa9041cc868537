"""What a comparison is judged by: one protocol, whoever judges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from pciabi.abi.change import Change
from pciabi.abi.compare import Comparison
from pciabi.result.failure import Failure
from pciabi.result.side import Side


class Terms(Protocol):
    """Says of a comparison of two sides what of it fails. Pure."""

    def expects(self, change: Change) -> bool | None:
        """Whether the change was to come; None where nobody said what to expect."""

    def proved(self, comparison: Comparison, before: Side, after: Side) -> Iterator[Failure]:
        """What fails whatever is not known: a breaking change that was not to come."""

    def wished(self, comparison: Comparison, before: Side, after: Side) -> Iterator[Failure]:
        """What fails where both sides show the same: a wish that was not fulfilled."""

    def excused(
        self, comparison: Comparison, before: Side, after: Side
    ) -> Iterable[tuple[Change, str]]:
        """The changes that would fail and do not, and in words why."""
