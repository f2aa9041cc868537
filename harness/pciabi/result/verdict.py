"""How a comparison, an entry or a command ends, and which end outranks which: the only place."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

from pciabi.abi.unknown import Unknown


class Verdict(StrEnum):
    """How a case, a comparison or a run ended. `will-not-start`: the later hypervisor refuses what
    the earlier one started; `error`: it could not be carried out."""

    COMPATIBLE = "compatible"
    BREAK = "break"
    WILL_NOT_START = "will-not-start"
    ERROR = "error"

    @property
    def exit_code(self) -> int:
        """That of the command line."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    Verdict.COMPATIBLE: 0,
    Verdict.BREAK: 1,
    Verdict.WILL_NOT_START: 1,
    Verdict.ERROR: 3,
}
_WORST_FIRST = (Verdict.ERROR, Verdict.WILL_NOT_START, Verdict.BREAK, Verdict.COMPATIBLE)


def verdict(
    proved: Collection[object], unknowns: Iterable[Unknown], wished: Collection[object]
) -> Verdict:
    """The verdict of a comparison, given what it proves and what was wished for and is not so.

    A proved break outranks what only one side shows, which outranks a wish: what was wished for
    may be among what is not known.
    """
    if proved:
        return Verdict.BREAK
    if is_one_sided(unknowns):
        return Verdict.ERROR
    return Verdict.BREAK if wished else Verdict.COMPATIBLE


def is_one_sided(unknowns: Iterable[Unknown]) -> bool:
    """Whether only one of two sides shows something, so that nothing is proved of it."""
    return not all(unknown.excused for unknown in unknowns)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that stands for several: an error outranks a break. None at all is an error."""
    return min(verdicts, key=_WORST_FIRST.index, default=Verdict.ERROR)
