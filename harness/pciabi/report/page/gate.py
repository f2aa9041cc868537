"""A gate as its page shows it: the changes, which VM has which, and what lspci prints of each
device that is another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pciabi.abi.pair import Pair
from pciabi.report.page.difference import DiffLine, diff_lines
from pciabi.report.page.lspci_texts import LspciTexts, decoded
from pciabi.report.words import vms
from pciabi.report.words.matrix import Line, Matrix, matrix
from pciabi.report.words.rows import is_grave
from pciabi.result.entry import Entry
from pciabi.result.judged import JudgedComparison
from pciabi.result.result import Result
from pciabi.result.rows import Row, SilentCause, silent_causes
from pciabi.result.verdict import Verdict

MOST_TEXTS = 200
_WORST_FIRST = (Verdict.ERROR, Verdict.WILL_NOT_START, Verdict.BREAK, Verdict.COMPATIBLE)


@dataclass(frozen=True)
class Texts:
    """What lspci, or else pciabi, prints of a device before and after, line by line what of it
    differs, and the VMs that have just this device."""

    title: str
    before: str
    after: str
    lines: tuple[DiffLine, ...]
    vms: tuple[str, ...]


@dataclass(frozen=True)
class Gate:
    """What the page shows; `lines` are those of the matrix, what fails first, and `left_out` says
    how many texts there is no room for."""

    matrix: Matrix
    lines: tuple[Line, ...]
    names: tuple[str, ...]
    texts: tuple[Texts, ...]
    left_out: int
    silent: tuple[SilentCause, ...]

    @property
    def grave(self) -> int:
        """How many rows there are in front of those that fail nothing."""
        return sum(map(is_grave, self.matrix.rows))

    def vms_of(self, row: Row) -> tuple[str, ...]:
        """The VMs that have a row, by name."""
        return tuple(self.names[vm] for vm in row.vms)


def gate(result: Result) -> Gate:
    """The page of a gate."""
    found, names = matrix(result.entries), vms.names(result.entries)
    texts = _texts(result.entries, names)
    return Gate(
        matrix=found,
        lines=tuple(sorted(found.lines, key=lambda line: _WORST_FIRST.index(line.verdict))),
        names=names,
        texts=texts[:MOST_TEXTS],
        left_out=max(0, len(texts) - MOST_TEXTS),
        silent=silent_causes(result.entries),
    )


def _texts(entries: Sequence[Entry], names: Sequence[str]) -> tuple[Texts, ...]:
    """The texts of every device of which something fails or is waived, equal ones once."""
    changed = [
        (name, one.name_of(pair), pair)
        for name, entry in zip(names, entries, strict=True)
        for one in entry.comparisons
        for pair in _failing(one)
    ]
    told = LspciTexts(side for _, _, pair in changed for side in (pair.before, pair.after))
    by_texts: dict[tuple[str, str, str], list[str]] = {}
    for name, device, pair in changed:
        by_texts.setdefault(_of_pair(device, pair, told), []).append(name)
    return tuple(
        Texts(device, before, after, tuple(diff_lines(before, after)), tuple(dict.fromkeys(those)))
        for (device, before, after), those in by_texts.items()
    )


def _of_pair(device: str, pair: Pair, told: LspciTexts) -> tuple[str, str, str]:
    """What the device is called, and its text before and after."""
    before, after = told.of(pair.before), told.of(pair.after)
    if before is not None and after is not None and before != after:
        return device, before, after
    # Such as the size of a BAR, which lspci asks the kernel for.
    alike = "" if before is None or after is None else ", of which lspci prints the same"
    return f"{device}{alike}, as pciabi decodes it", decoded(pair.before), decoded(pair.after)


def _failing(comparison: JudgedComparison) -> Iterator[Pair]:
    """The devices of which something fails, or would without its excuse."""
    places = {
        (judged.change.address_before, judged.change.address_after)
        for judged in comparison.judged_changes
        if judged.fails or judged.excuse
    }
    for pair in comparison.matching.pairs:
        if (pair.before.address, pair.after.address) in places:
            yield pair
