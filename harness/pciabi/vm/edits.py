"""Changes to a configuration file that leave all of it that they do not name as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from pciabi.errors import InputError
from pciabi.vm.config_text import ConfigText
from pciabi.vm.statement import Extent


@dataclass(frozen=True, order=True)
class Edit:
    """The characters `text[start:end]` give way to others: with `start` at `end` it is an
    insertion, without any new characters a removal."""

    start: int
    end: int
    new: str

    @classmethod
    def insertion(cls, at: int, new: str) -> Edit:
        """Characters put in front of the one at an offset."""
        return cls(at, at, new)

    @classmethod
    def replacement(cls, extent: Extent, new: str) -> Edit:
        """An extent written anew."""
        return cls(extent.start, extent.end, new)

    @classmethod
    def removal(cls, extent: Extent) -> Edit:
        """An extent taken out."""
        return cls(extent.start, extent.end, "")


def edited(source: ConfigText, edits: Iterable[Edit]) -> str:
    """The text with the edits made, in whatever order they come; the same one twice counts once,
    as for a variable that a script uses twice.

    Raises InputError for two that touch the same characters or insert at the same place, and for
    one that reaches beyond the text.
    """
    ordered = sorted(set(edits))
    for edit in ordered:
        if not 0 <= edit.start <= edit.end <= len(source.text):
            raise InputError("an edit reaches beyond the text", place=source.position(1))
    for first, second in pairwise(ordered):
        if second.start < first.end or second.start == first.start:
            raise InputError(
                "two changes would be made to the same words",
                advice="write what is meant in two places of its own",
                place=source.position_at(second.start),
            )
    pieces, at = [], 0
    for edit in ordered:
        pieces += [source.text[at : edit.start], edit.new]
        at = edit.end
    return "".join((*pieces, source.text[at:]))
