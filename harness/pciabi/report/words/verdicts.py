"""How a result ended, in the sentences that every report of it holds. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.report.words import cases, gate, one_sided, scope, substituted, two_sides
from pciabi.result.result import Command, Result


def verdict(result: Result) -> str:
    """The verdict in one sentence."""
    if result.command is Command.DIFF:
        return two_sides.verdict(result.two_sides)
    if result.command is Command.GATE:
        return gate.verdict(result)
    return cases.verdict(result)


def tally(result: Result) -> str:
    """The counts, in one line."""
    if result.command is Command.DIFF:
        return two_sides.tally(result.two_sides)
    if result.command is Command.GATE:
        return gate.tally(result)
    return cases.tally(result)


def scope_line(result: Result) -> str:
    """What the verdict speaks of and what not, in one line."""
    return scope.line(scope.of(result))


def remarks(result: Result) -> Iterator[str]:
    """What else is to be known of two sides: what was replaced, what only one was read with, and
    how they were matched."""
    if result.command is Command.DIFF:
        yield from substituted.lines(result.two_sides)
        yield from one_sided.lines(result.two_sides)
        yield two_sides.matched(result.two_sides)
