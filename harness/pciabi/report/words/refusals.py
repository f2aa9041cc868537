"""The words for VMs that the later hypervisor does not start any more, the same in every report.
Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pciabi.abi.change import Outcome
from pciabi.abi.judgement import Severity
from pciabi.report.words.rows import clause, hurts
from pciabi.report.words.vms import counted
from pciabi.result.entry import Entry
from pciabi.result.judged import JudgedComparison
from pciabi.result.rows import Row, rows_of
from pciabi.result.verdict import Verdict
from pciabi.result.will_not_start import Gone, Missing, Replacement

_SHOWN = 3
_VERSION = re.compile(r"QEMU emulator version ([\w.]+)", re.ASCII)


def reason(entry: Entry) -> str:
    """Why a VM does not start: what is gone, or else what was said."""
    refusal = entry.will_not_start
    assert refusal is not None, "the entry of a VM that will not start"
    # What refuses a value knows all that is named, and only its words tell.
    gone = (one for one in refusal.gone if one.what is not Missing.VALUE)
    names = ", ".join(f"{one.what} {one.name}" for one in gone)
    by = short_name(refusal.refused_by)
    return f"{by} has no {names}" if names else f"{by} says: {refusal.words.rstrip('.')}"


def short_name(version_line: str) -> str:
    """`QEMU 11.1.3` of a version line that says so; its exact package stands elsewhere."""
    version = _VERSION.match(version_line)
    return f"QEMU {version[1]}" if version else version_line or "the later QEMU"


def missing(gone: Gone) -> str:
    """What is gone, and where it is named: `machine type pc-i440fx-4.2 (vm.sh:3)`."""
    return f"{gone.what} {gone.name} ({gone.place})"


@dataclass(frozen=True)
class Instead:
    """A machine type to take instead: which, what it has to be said of it, and what a guest would
    see changed; each of these in words."""

    machine: str
    standing: str
    outcome: str
    harms: tuple[str, ...]

    def __str__(self) -> str:
        harms = "".join(f"; {harm}" for harm in self.harms)
        return f"{self.machine} ({self.standing}): {self.outcome}{harms}"


def instead(replacement: Replacement) -> Instead:
    """A replacement in words."""
    end = f"ends with {replacement.ends}" if replacement.ends is not None else ""
    calendar = ", ".join(filter(None, ("deprecated" if replacement.deprecated else "", end)))
    standing = "; ".join(filter(None, (replacement.choice, calendar)))
    comparison = replacement.comparison
    if comparison is None:
        why = replacement.error.message if replacement.error is not None else "it was not read"
        return Instead(
            replacement.machine, standing, f"NOT KNOWN what a guest would see: {why}", ()
        )
    harms = () if comparison.verdict is Verdict.ERROR else _harms(comparison)
    return Instead(replacement.machine, standing, _outcome(comparison), harms)


def _outcome(comparison: JudgedComparison) -> str:
    if comparison.verdict is Verdict.ERROR:
        return "NOT KNOWN what a guest would see: not both sides were read"
    found = _failing(comparison)
    if not found:
        unknown = f", {comparison.unknown_count} unknown" if comparison.unknown_count else ""
        return f"nothing that breaks a guest would change{unknown}"
    clauses = [clause(row) for row in found[:_SHOWN]]
    more = len(found) - _SHOWN
    if more > 0:
        clauses.append(f"and {counted(more, 'more change')}")
    return f"a guest would see: {'; '.join(clauses)}"


def _harms(comparison: JudgedComparison) -> tuple[str, ...]:
    told = hurts(_failing(comparison))
    return tuple(hurt.text for hurt in told if hurt.consequence.outcome is not Outcome.KEPT)


def _failing(comparison: JudgedComparison) -> list[Row]:
    """What breaks a guest, whatever the gate's own policy makes of it."""
    return [row for row in rows_of(comparison) if row.fails or row.severity is Severity.BREAKING]
