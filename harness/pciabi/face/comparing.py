"""`pciabi.compare`: what a guest would notice between two captures."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from pciabi.abi.change import Change as AbiChange
from pciabi.abi.choice import chosen, restricted
from pciabi.abi.scope import NEVER, scope
from pciabi.abi.unknown import Unknown as AbiUnknown
from pciabi.errors import CannotTest
from pciabi.face.capture import Capture, side
from pciabi.face.comparison import Change, Comparison, Consequence, Unknown, Verdict
from pciabi.pci.address import GuestAddress
from pciabi.report import printable
from pciabi.report.terminal import text
from pciabi.report.words import one_sided, two_sides, verdicts
from pciabi.report.words.gaps import gaps
from pciabi.result.judged import JudgedComparison, judge
from pciabi.result.policy import Policy
from pciabi.result.result import Result, of_two_sides
from pciabi.result.side import Side
from pciabi.result.verdict import Verdict as EveryVerdict

NEVER_IN_LSPCI = ("MAC address", "interface name", "serial number", "expansion ROM size")
"""What no text of lspci shows for certain, so that it is unknown of the best one too."""


def compare(
    before: Capture,
    after: Capture,
    *,
    accept_unknown: Collection[str] = NEVER_IN_LSPCI,
    facts: Iterable[str] = ("default",),
) -> Comparison:
    """Hold two captures of a guest's PCI hardware against each other.

    Each is lspci's text (str or bytes), a snapshot file's text, or the Path of either.
    `accept_unknown` names the fields, with `*` for any characters, that may be unknown on both
    sides; what only one side shows is never accepted. `facts` are the families of facts that are
    compared beside what comes with every function, as in `pciabi diff --facts`.

    Raises InputError for what is no capture, and CannotTest where the comparison could not be
    carried out: a capture lists no function, or something is unknown that was not accepted and
    nothing is known to have broken.
    """
    names = chosen(word.strip() for given in _words(facts) for word in given.split(","))
    judged = judge(
        _restricted(side(before, "before"), names),
        _restricted(side(after, "after"), names),
        Policy(),
        names,
    )
    if judged.verdict is not EveryVerdict.BREAK:
        _must_be_known(judged, _words(accept_unknown))
    return _comparison(judged, of_two_sides(judged, datetime.now(UTC), 0.0))


def _words(given: Iterable[str]) -> tuple[str, ...]:
    """One word stands for itself, and not for its letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def _restricted(given: Side, names: frozenset[str]) -> Side:
    return replace(given, snapshot=restricted(given.snapshot, names))


def _must_be_known(judged: JudgedComparison, accepted: Sequence[str]) -> None:
    """Raise CannotTest where something is open that nobody said may be."""
    if judged.verdict is EveryVerdict.ERROR:
        message = two_sides.verdict(judged).removeprefix("Error: ").rstrip(".")
        raise CannotTest(
            message, advice="; ".join(one_sided.lines(judged)).replace("--facts ", "facts=")
        )
    left = [u for u in judged.unknowns if not any(fnmatchcase(u.field, p) for p in accepted)]
    if left:
        (gap, *more) = gaps(left)
        also = f" (and {len(more)} more)" if more else ""
        raise CannotTest(
            f"neither side shows {printable.line(str(gap))}{also}",
            advice="root sees all of it with lspci -nn -vvv -xxxx; accept_unknown=(…) names the "
            "fields that may stay unknown",
        )


def _comparison(judged: JudgedComparison, result: Result) -> Comparison:
    spoken_of = scope(result.snapshots)
    is_broken = judged.verdict is EveryVerdict.BREAK
    return Comparison(
        verdict=Verdict.BREAK if is_broken else Verdict.COMPATIBLE,
        changes=tuple(map(_change, judged.changes)),
        unknowns=tuple(map(_unknown, judged.unknowns)),
        scope=spoken_of.read,
        not_looked_at=(*spoken_of.not_read, *NEVER),
        _text="\n".join(_lines(result)),
    )


def _lines(result: Result) -> Iterator[str]:
    """What `pciabi diff` prints."""
    for line in (
        *text.opening(result),
        *text.findings(result),
        *text.closing(result),
        verdicts.verdict(result),
        verdicts.scope_line(result),
    ):
        yield printable.indent(line) + printable.line(line)


def _change(change: AbiChange) -> Change:
    return Change(
        device=change.device,
        id=change.id,
        label=change.label,
        kind=str(change.kind),
        field=change.field,
        before=change.before,
        after=change.after,
        severity=change.severity,
        reason=change.reason,
        address_before=_written(change.address_before),
        address_after=_written(change.address_after),
        consequences=tuple(
            Consequence(one.harm, one.outcome, one.message, one.source)
            for one in change.consequences
        ),
    )


def _unknown(unknown: AbiUnknown) -> Unknown:
    return Unknown(
        device=unknown.device,
        id=unknown.id,
        label=unknown.label,
        field=unknown.field,
        address=str(unknown.address_before),
        why_before=unknown.why_before,
        why_after=unknown.why_after,
    )


def _written(address: GuestAddress | None) -> str | None:
    return None if address is None else str(address)
