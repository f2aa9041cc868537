"""What waivers make of a result: who may be refused a start, and which waivers fail themselves.
Pure."""

from __future__ import annotations

from dataclasses import replace

from pciabi.result.entry import Entry
from pciabi.result.result import Result
from pciabi.result.waivers import Waivers


def waived(result: Result, waivers: Waivers) -> Result:
    """The result, in which waivers excuse VMs that will not start (changes are excused where they
    are judged); its coverage tells the waivers that expired, and those that nothing needed."""
    assert result.coverage is not None, "a gate's"
    entries = tuple(_excused(entry, waivers) for entry in result.entries)
    coverage = replace(
        result.coverage,
        failures=(*result.coverage.failures, *waivers.failures(entries)),
        remarks=(*result.coverage.remarks, *waivers.remarks(entries)),
    )
    return replace(result, entries=entries, coverage=coverage)


def _excused(entry: Entry, waivers: Waivers) -> Entry:
    refusal = entry.will_not_start
    if refusal is None:
        return entry
    excuse = waivers.of_refusal(refusal) or refusal.excuse
    return replace(entry, will_not_start=replace(refusal, excuse=excuse))
