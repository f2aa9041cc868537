"""The readable lspci difference: each device's text held against its own later text. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pciabi.abi.matching import match
from pciabi.abi.pair import Pair
from pciabi.abi.snapshot import Snapshot
from pciabi.report import printable

_CONTEXT_LINES = 2


@dataclass(frozen=True)
class DiffLine:
    """A line of a unified difference. `sort` is `add`, `remove`, `place` or `context`."""

    sort: str
    text: str


@dataclass(frozen=True)
class Difference:
    """The difference of one device's lspci text; `changed` counts added and removed lines."""

    title: str
    lines: tuple[DiffLine, ...]

    @property
    def changed(self) -> int:
        """Lines that are on one side only."""
        return sum(line.sort in ("add", "remove") for line in self.lines)


def differences(
    before: Snapshot, after: Snapshot, name: Callable[[Pair], str] | None = None
) -> tuple[Difference, ...]:
    """One for each device that both snapshots have and whose text differs; those that are
    elsewhere come first. A device without a text on one side has none.

    `name` says what a device is called; without it what has no id is built in, as in a scenario.
    """
    pairs = match(before, after).pairs
    return tuple(
        Difference(_title(pair, (name or _id)(pair)), tuple(diff_lines(*_texts(pair))))
        for pair in sorted(pairs, key=lambda pair: pair.before.address == pair.after.address)
        if _texts(pair)[0] != _texts(pair)[1] and all(map(_has_more, _texts(pair)))
    )


def _texts(pair: Pair) -> tuple[str, str]:
    return pair.before.function.text, pair.after.function.text


def _has_more(text: str) -> bool:
    """Whether there is more than the heading, which is all that a snapshot file keeps."""
    return "\n" in text


def _id(pair: Pair) -> str:
    return pair.before.qdev_id or pair.after.qdev_id or "built-in device"


def _title(pair: Pair, who: str) -> str:
    if pair.before.address == pair.after.address:
        return f"{who} at {pair.before.address}"
    return f"{who} at {pair.before.address}, then at {pair.after.address}"


def diff_lines(before: str, after: str) -> Iterator[DiffLine]:
    """The unified difference of two texts, with a little of what is the same around it."""
    old, new = printable.block(before).split("\n"), printable.block(after).split("\n")
    sorts = {"+": "add", "-": "remove", "@": "place"}
    unified = list(difflib.unified_diff(old, new, n=_CONTEXT_LINES, lineterm=""))
    # The first two lines name files, which there are none of.
    for line in unified[2:]:
        yield DiffLine(sorts.get(line[:1], "context"), line)
