"""How a comparison ends, given what it found and what it was told to fail on."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pciabi.abi.change import Change, Outcome
from pciabi.abi.judgement import Severity
from pciabi.abi.unknown import Unknown


class Verdict(StrEnum):
    """How a case, a comparison or a run ended. `error`: it could not be carried out."""

    COMPATIBLE = "compatible"
    BREAK = "break"
    ERROR = "error"


class FailOn(StrEnum):
    """What makes a comparison fail besides a breaking change, which always does."""

    BREAKING = "breaking"
    NOTABLE = "notable"
    UNKNOWN = "unknown"


def verdict(
    changes: Iterable[Change], unknowns: Iterable[Unknown], fail_on: frozenset[FailOn]
) -> Verdict:
    """The verdict. A proved break outranks what is not known, which outranks a wish."""
    found = tuple(changes)
    severities = {change.severity for change in found}
    if Severity.BREAKING in severities:
        return Verdict.BREAK
    excused = [unknown.excused for unknown in unknowns]
    if not all(excused):
        return Verdict.ERROR
    if Severity.NOTABLE in severities and FailOn.NOTABLE in fail_on:
        return Verdict.BREAK
    outcomes = {c.outcome for change in found for c in change.consequences}
    is_open = bool(excused) or Outcome.UNKNOWN in outcomes
    return Verdict.BREAK if is_open and FailOn.UNKNOWN in fail_on else Verdict.COMPATIBLE
