"""How a gate ended, in sentences that a release manager can read, the same in every report.
Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pciabi.abi.change import Harm, Outcome
from pciabi.report.words import refusals, vms
from pciabi.report.words.gaps import gaps
from pciabi.report.words.rows import clause, guest_says
from pciabi.result.entry import Entry
from pciabi.result.result import Result
from pciabi.result.rows import Row, rows, weighty
from pciabi.result.verdict import Verdict, worst

_SHOWN = 3
_STANDINGS = {
    Verdict.COMPATIBLE: "compatible",
    Verdict.BREAK: "BREAK",
    Verdict.WILL_NOT_START: "WILL NOT START",
    Verdict.ERROR: "NOT JUDGED",
}


@dataclass(frozen=True)
class _Of:
    """The entries that ended in one way, with what they are called."""

    every: Sequence[Entry]
    entries: tuple[Entry, ...]
    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """Such as `3 of 20 VMs`."""
        return vms.of_all(self.entries, self.every)

    @property
    def shown(self) -> str:
        return vms.shown(self.names)


def word(entry: Entry) -> str:
    """How one VM ended, in the fewest words."""
    return "will not start, waived" if is_excused(entry) else _STANDINGS[entry.verdict]


def is_excused(entry: Entry) -> bool:
    """Whether it will not start, which a policy accepts, and nothing else of it fails."""
    return entry.will_not_start is not None and entry.verdict is Verdict.COMPATIBLE


def verdict(result: Result) -> str:
    """The sentence that matters, or several."""
    return " ".join(sentences(result))


def sentences(result: Result) -> tuple[str, ...]:
    """The sentence that matters; where VMs ended in several bad ways, one for each, the worst
    first."""
    if not result.entries:
        return ("Error: no VM was judged, so nothing is proved.",)
    bad = (
        *_sentences(result, Verdict.ERROR),
        *_sentences(result, Verdict.WILL_NOT_START),
        *_sentences(result, Verdict.BREAK),
        *_of_policy(result),
    )
    return bad or (_compatible(result),)


def _ended(result: Result, how: Verdict) -> _Of:
    names = vms.names(result.entries)
    chosen = [(e, name) for e, name in zip(result.entries, names, strict=True) if e.verdict is how]
    return _Of(
        result.entries,
        tuple(entry for entry, _ in chosen),
        tuple(name for _, name in chosen),
    )


def _sentences(result: Result, how: Verdict) -> Iterator[str]:
    ended = _ended(result, how)
    if not ended.entries:
        return
    yield {
        Verdict.ERROR: _error,
        Verdict.WILL_NOT_START: _will_not_start,
        Verdict.BREAK: _break,
    }[how](ended)


def _error(ended: _Of) -> str:
    more = len(ended.entries) - 1
    also = f" (and {more} more)" if more else ""
    it = "it" if vms.number(ended.entries) == 1 else "them"
    return (
        f"Error: {_not_judged(ended)}, so nothing is proved of {it} ({ended.shown}): "
        f"{trouble(ended.entries[0])}{also}."
    )


def _not_judged(ended: _Of) -> str:
    few, total = vms.number(ended.entries), vms.number(ended.every)
    if few < total or total == 1:
        return f"{ended.words} could not be judged"
    # "All of them could not" may be read as "not all of them could".
    return f"{'neither VM' if total == 2 else f'none of the {total} VMs'} could be judged"


def _will_not_start(ended: _Of) -> str:
    why = dict.fromkeys(map(refusals.reason, ended.entries))
    (first, *more) = why
    also = f" (and {vms.counted(len(more), 'more reason')})" if more else ""
    return f"Will not start: {ended.words} ({ended.shown}): {first}{also}."


def _break(ended: _Of) -> str:
    failing = [row for row in rows(ended.entries) if row.fails]
    if not failing:
        # What fails without a change: what is not known, where a policy says so.
        return f"Break: {ended.words} ({ended.shown}): {ended.entries[0].failures[0].message}."
    told = _first_of_each_device(failing)[:_SHOWN]
    clauses = [f"{clause(row)} ({vms.shown([ended.names[vm] for vm in row.vms])})" for row in told]
    more = len(failing) - len(told)
    if more:
        clauses.append(f"and {vms.counted(more, 'more change')}")
    return f"Break: {ended.words}: {'; '.join(clauses)}.{_harm(failing)}"


def _first_of_each_device(failing: Sequence[Row]) -> list[Row]:
    """What there is to say where there is not room for all."""
    first: dict[str, Row] = {}
    for row in failing:
        first.setdefault(row.device, row)
    return list(first.values())


def _harm(failing: Sequence[Row]) -> str:
    """What the worst of it is for a guest, where that is known."""
    told = [c for row in failing for c in row.consequences if c.outcome is Outcome.CHANGED]
    if not told:
        return ""
    harms = list(Harm)
    gravest = min(told, key=lambda consequence: harms.index(consequence.harm))
    return f" {guest_says(gravest)}."


def _of_policy(result: Result) -> Iterator[str]:
    failures = result.coverage.failures if result.coverage is not None else ()
    if failures:
        also = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        yield f"Break: the policy itself: {failures[0].message}{also}."


def _compatible(result: Result) -> str:
    judged = vms.count(vms.number(result.entries))
    every = list(weighty(rows(result.entries)))
    waived = sum(bool(row.excuses) for row in every)
    others = len(every) - waived
    refused = [entry for entry in result.entries if is_excused(entry)]
    counts = [
        *([vms.counted(others, "notable change")] if others else ()),
        *([f"{vms.counted(waived, 'change')} waived"] if waived else ()),
        *([f"{_unknown(result)} unknown"] if _unknown(result) else ()),
    ]
    if refused:
        counts.insert(0, f"{vms.number(refused)} of which will not start, which is waived")
    if every or refused:
        nothing = "no change fails"
    elif any(comparison.judged_changes for comparison in result.comparisons):
        nothing = "nothing changes that a guest expects to stay the same"
    else:
        nothing = "nothing a guest sees changes"
    return f"Compatible: {nothing} in {judged}{''.join(f', {one}' for one in counts)}."


def trouble(entry: Entry) -> str:
    """Why a VM could not be judged, in one sentence without its end."""
    if entry.error is not None:
        return entry.error.message.rstrip(".")
    unproved = [u for one in entry.comparisons for u in one.unknowns if not u.excused]
    if unproved:
        (gap, *more) = gaps(unproved)
        also = f" (and {len(more)} more)" if more else ""
        return f"not both sides were read: {gap}{also}"
    return "not everything was read that was to be"


def tally(result: Result) -> str:
    """Such as `20 VMs: 16 compatible, 3 break, 1 will not start, 0 not judged; 5 changes to look
    at (2 fail, 1 waived), 4 unknown`."""
    ended = ends(result)
    ways = [f"{ended[how]} {verb}" for how, verb in _VERBS.items()]
    excused = vms.number(entry for entry in result.entries if is_excused(entry))
    if excused:
        # They count among those that are compatible: nothing fails.
        ways[0] += f" ({excused} will not start, waived)"
    every = list(weighty(rows(result.entries)))
    failing = sum(row.fails for row in every)
    waived = sum(bool(row.excuses) for row in every)
    counts = (
        f"{vms.counted(len(every), 'change')} to look at ({failing} fail, {waived} waived), "
        f"{_unknown(result)} unknown"
    )
    return f"{vms.count(vms.number(result.entries))}: {', '.join(ways)}; {counts}"


_VERBS = {
    Verdict.COMPATIBLE: "compatible",
    Verdict.BREAK: "break",
    Verdict.WILL_NOT_START: "will not start",
    Verdict.ERROR: "not judged",
}


def ends(result: Result) -> Counter[Verdict]:
    """How many VMs ended how: one that is judged both ways ends as its worse direction does."""
    by_vm: dict[tuple[str, str], list[Verdict]] = {}
    for entry in result.entries:
        by_vm.setdefault((entry.subject.group, entry.subject.name), []).append(entry.verdict)
    return Counter(map(worst, by_vm.values()))


def _unknown(result: Result) -> int:
    return sum(comparison.unknown_count for comparison in result.comparisons)


def checked(result: Result) -> str:
    """What was looked at: `checked: 20 VMs, 163 functions compared; 34 machines started, 6 of the
    readings served several VMs`."""
    functions = sum(len(one.matching.pairs) for one in result.comparisons)
    counts = f"checked: {vms.count(vms.number(result.entries))}, "
    counts += f"{vms.counted(functions, 'function')} compared"
    coverage = result.coverage
    if coverage is None:
        return counts
    shared = "1 reading" if coverage.shared == 1 else f"{coverage.shared} readings"
    return (
        f"{counts}; {vms.counted(coverage.read, 'machine')} started, {shared} shared by several VMs"
    )


def sides(result: Result) -> tuple[tuple[str, str], ...]:
    """Who was held against whom: the version lines with the exact packages, and the libvirts in
    whose words domains were started."""
    coverage = result.coverage
    if coverage is None:
        return ()
    # Where the way back was asked for too, it stands behind the way there.
    there = [
        comparison
        for entry in result.entries
        if entry.subject.direction == result.entries[0].subject.direction
        for comparison in entry.comparisons
    ]
    before = {one.before.snapshot.provenance.libvirt for one in there}
    after = {one.after.snapshot.provenance.libvirt for one in there}
    return (
        ("before", _with_libvirts(coverage.before, before)),
        ("after", _with_libvirts(coverage.after, after)),
    )


def _with_libvirts(version: str, libvirts: Iterable[str]) -> str:
    """A side's version line, which names the libvirt itself where a libvirt was asked for."""
    those = ", ".join(sorted(filter(None, libvirts)))
    if not those or version.startswith("libvirt "):
        return version
    return f"{version}; domains as libvirt {those} writes them"


def left_out(result: Result) -> Iterator[str]:
    """What was not judged and why, what the policy itself fails by, and what else is to be known
    of it."""
    if result.coverage is None:
        return
    for skipped in result.coverage.skipped:
        yield f"skipped: {skipped.file}: {skipped.why}"
    for failure in result.coverage.failures:
        yield f"policy fails: {failure.position}: {failure.message}"
    for remark in result.coverage.remarks:
        yield f"note: {remark.position}: {remark.message}"
