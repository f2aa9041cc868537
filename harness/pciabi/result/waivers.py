"""All waivers of a policy: what they excuse, and which of them expired or were not needed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pciabi.abi.change import Change
from pciabi.abi.families import function_families, machine_families
from pciabi.abi.snapshot import Snapshot
from pciabi.pci.facts import UNREAD
from pciabi.result.coverage import Remark
from pciabi.result.entry import Entry
from pciabi.result.failure import Failure
from pciabi.result.policy import Policy
from pciabi.result.side import Side
from pciabi.result.waiver import WILL_NOT_START, Upgrade, Waiver, means
from pciabi.result.will_not_start import WillNotStart


@dataclass(frozen=True)
class Waivers:
    """Those of a policy file in its order, on a day: what expired before excuses nothing."""

    every: tuple[Waiver, ...]
    today: date

    def of(self, change: Change, before: Side, after: Side) -> str:
        """The first that accepts a change, in words; empty where none does."""
        upgrade = Upgrade.between(before, after)
        covering = (one for one in self._about(upgrade) if one.covers(change))
        return next((one.words for one in covering), "")

    def of_refusal(self, refusal: WillNotStart) -> str:
        """Those that accept that a VM will not start, in words; empty where they do not accept
        all that is gone."""
        waivers = tuple(self._needed_by_refusal(refusal))
        enough = all(any(one.covers_gone(gone) for one in waivers) for gone in refusal.gone)
        return "; ".join(one.words for one in waivers) if enough else ""

    def failures(self, entries: Iterable[Entry]) -> Iterator[Failure]:
        """Every waiver that expired, and every one that nothing needed of what was looked at."""
        ended = tuple(entries)
        for one in self.every:
            if one.is_expired(self.today):
                message = f"this waiver expired: it held until {one.until} ({one.why})"
                yield Failure(None, None, message, one.position)
            elif not self._is_needed(one, ended) and _is_in_reach(one, ended):
                message = f"nothing needed this waiver: take it out ({one.why})"
                yield Failure(None, None, message, one.position)

    def remarks(self, entries: Iterable[Entry]) -> Iterator[Remark]:
        """Every waiver of which this run says nothing, for it looked at nothing of the kind."""
        ended = tuple(entries)
        for one in self._living:
            if not self._is_needed(one, ended) and not _is_in_reach(one, ended):
                message = f"nothing that this waiver speaks of was looked at ({one.why})"
                yield Remark(message, one.position)

    @cached_property
    def _living(self) -> tuple[Waiver, ...]:
        return tuple(one for one in self.every if not one.is_expired(self.today))

    def _about(self, upgrade: Upgrade) -> Iterator[Waiver]:
        return (one for one in self._living if one.is_about(upgrade))

    def _needed_by_refusal(self, refusal: WillNotStart) -> Iterator[Waiver]:
        about = tuple(self._about(Upgrade.refused(refusal)))
        if not refusal.gone:
            return (one for one in about if one.covers_any_refusal)
        return (one for one in about if any(map(one.covers_gone, refusal.gone)))

    def _is_needed(self, waiver: Waiver, entries: Iterable[Entry]) -> bool:
        for entry in entries:
            refusal = entry.will_not_start
            if refusal is not None and waiver in self._needed_by_refusal(refusal):
                return True
            for comparison in entry.comparisons:
                terms = comparison.terms
                if not waiver.is_about(Upgrade.between(comparison.before, comparison.after)):
                    continue
                if any(
                    waiver.covers(change)
                    for change in comparison.changes
                    if isinstance(terms, Policy) and terms.forbids(change)
                ):
                    return True
        return False


def _is_in_reach(waiver: Waiver, entries: Iterable[Entry]) -> bool:
    """Whether something was looked at that the waiver could have been needed for."""
    return any(_is_about_entry(waiver, entry) for entry in entries if entry.error is None)


def _is_about_entry(waiver: Waiver, entry: Entry) -> bool:
    refusal = entry.will_not_start
    if refusal is not None and waiver.fact == WILL_NOT_START:
        snapshot = refusal.before.snapshot
        return waiver.is_about(Upgrade.refused(refusal)) and waiver.may_cover(snapshot)
    for comparison in entry.comparisons:
        sides = comparison.before.snapshot, comparison.after.snapshot
        if (
            waiver.is_about(Upgrade.between(comparison.before, comparison.after))
            and any(map(waiver.may_cover, sides))
            and all(_is_read(waiver.fact, side) for side in sides)
        ):
            return True
    return False


def _is_read(fact: str | None, snapshot: Snapshot) -> bool:
    """Whether a snapshot holds something of which such a fact is told."""
    if fact is None or fact == WILL_NOT_START:
        return True
    for of_function in function_families():
        if any(means(fact, kind) for kind in of_function.kinds):
            facts = map(of_function.fact_of, snapshot.functions)
            if any(one is not UNREAD for one in facts):
                return True
    return any(
        of_machine.fact_of(snapshot) is not UNREAD
        for of_machine in machine_families()
        if any(means(fact, kind) for kind in of_machine.kinds)
    )
