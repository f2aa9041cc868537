"""The words for equal changes of many VMs, the same in every report. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from pciabi.abi.change import Consequence, Outcome
from pciabi.abi.difference import ABSENT
from pciabi.abi.facts import properties
from pciabi.abi.facts.topology import APPEARED, MOVED, RENUMBERED, VANISHED
from pciabi.abi.field_kinds import CAPABILITY
from pciabi.abi.judgement import Severity
from pciabi.report.words import drifts, vms
from pciabi.report.words.changes import HARMS, values, what
from pciabi.report.words.remedies import remedies
from pciabi.result.cause import Cause, Origin
from pciabi.result.rows import Row

_CAPABILITY = " capability"
# Letters whose names begin with a vowel, and letters that are one: `an MSI-X`, `an Advanced`.
_SPELLED, _SPOKEN = frozenset("AEFHILMNORSX"), frozenset("AEIOU")
_NO_VALUE = "not told"
# How the fields begin that speak of several things.
_PLURAL = ("sizes of ",)
_VERBS = {Outcome.CHANGED: "hurt", Outcome.UNKNOWN: "not known", Outcome.KEPT: "not hurt"}


def letters(count: int) -> tuple[str, ...]:
    """What so many rows are called: A to Z, then AA, AB, …"""
    return tuple(map(_letter, range(count)))


def _letter(index: int) -> str:
    rest, last = divmod(index, len(ascii_uppercase))
    return (_letter(rest - 1) if rest else "") + ascii_uppercase[last]


def clause(row: Row) -> str:
    """What happens, as a clause: `nvme gains a Power Management capability`."""
    change = row.change
    if change.kind in (VANISHED, APPEARED):
        return f"{row.device} {change.kind}"
    if change.kind in (MOVED, RENUMBERED):
        return f"{row.device} {change.kind} from {change.before} to {change.after}"
    if change.kind == CAPABILITY and ABSENT in (change.before, change.after):
        verb = "gains" if change.before == ABSENT else "loses"
        return f"{row.device} {verb} {_with_article(change.field)}"
    before, after = values(change)
    verb = "change" if change.field.startswith(_PLURAL) else "changes"
    return f"{change.field} of {row.device} {verb} from {before} to {after}"


def _with_article(field: str) -> str:
    if not field.endswith(_CAPABILITY):
        return field
    is_spelled = field[:2].isupper()
    vowels = _SPELLED if is_spelled else _SPOKEN
    return f"{'an' if field[0].upper() in vowels else 'a'} {field}"


def heading(row: Row) -> str:
    """What has changed, as a heading: `nvme: Power Management capability absent → at 0x60`."""
    return f"{row.device}: {what(row.change)}"


def standing(row: Row) -> str:
    """How bad it is, and whether it fails: `breaking`, `breaking, waived`, `notable, fails`."""
    if row.fails == (row.severity is Severity.BREAKING):
        return str(row.severity)
    if row.fails:
        return f"{row.severity}, fails"
    return f"{row.severity}, waived" if row.excuses else f"{row.severity}, does not fail"


def cause(cause: Cause) -> str:
    """Such as `compat property virtio-net-pci.vectors 3 → 4 (pc-q35-2.10)`."""
    what = _NO_VALUE
    values = f" {cause.before or what} → {cause.after or what}"
    if cause.origin is Origin.ALLOCATION:
        values = f" {cause.before} → {cause.after}" if cause.before or cause.after else ""
    machines = f" ({vms.shown(cause.machines)})" if cause.machines else ""
    return f"{cause.origin} {cause.name}{values}{machines}"


def causes(row: Row) -> tuple[str, ...]:
    """Why it came about, as far as neither what has changed nor the reason says so."""
    return tuple(cause(one) for one in row.causes if one.machines or not _is_said(one, row))


def _is_said(cause: Cause, row: Row) -> bool:
    change, name = row.change, cause.name.partition(".")[2]
    is_itself = (change.field, change.before) == (properties.field_of(name), cause.before)
    return is_itself or f"{name} ({cause.before} → {cause.after})" in change.reason


@dataclass(frozen=True)
class Said:
    """Something that is said of several rows, by their letters."""

    of: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Hurt:
    """What one guest system makes of several rows."""

    of: tuple[str, ...]
    consequence: Consequence

    @property
    def text(self) -> str:
        """Such as `Windows: it sees a new device`, without a guess where that is not known."""
        return guest_says(self.consequence)

    @property
    def verb(self) -> str:
        """Whether anybody is: `hurt`, `not hurt`, or `not known`."""
        return _VERBS[self.consequence.outcome]


def guest_says(consequence: Consequence) -> str:
    """What a guest system makes of a change, beginning with which one it is."""
    guest, message = HARMS[consequence.harm], consequence.message
    if consequence.outcome is Outcome.UNKNOWN:
        return f"{guest}: UNKNOWN, {message}"
    return message if message.startswith(guest) else f"{guest}: {message}"


def hurts(rows: Sequence[Row]) -> tuple[Hurt, ...]:
    """Who is hurt by these rows, and who is known not to be, each thing once: what changes first,
    then what is not known."""
    order = [Outcome.CHANGED, Outcome.UNKNOWN, Outcome.KEPT]
    by_consequence: dict[Consequence, list[str]] = {}
    for letter, row in zip(letters(len(rows)), rows, strict=True):
        for consequence in row.consequences:
            by_consequence.setdefault(consequence, []).append(letter)
    found = (Hurt(tuple(of), consequence) for consequence, of in by_consequence.items())
    return tuple(sorted(found, key=lambda hurt: order.index(hurt.consequence.outcome)))


def mending(rows: Sequence[Row]) -> tuple[Said, ...]:
    """What mends these rows, each thing once; of those that break no guest and fail nothing
    nothing has to be."""
    by_text: dict[str, list[str]] = {}
    for letter, row in zip(letters(len(rows)), rows, strict=True):
        if is_grave(row):
            for remedy in remedies(row):
                by_text.setdefault(remedy, []).append(letter)
    return tuple(Said(tuple(of), text) for text, of in by_text.items())


def ranges(some: Sequence[str], count: int) -> str:
    """Some of so many letters, in their order, those that follow each other as one: `A, C-F`."""
    every = letters(count)
    runs: list[list[str]] = []
    for place, letter in enumerate(every):
        if letter not in some:
            continue
        if runs and place and runs[-1][-1] == every[place - 1]:
            runs[-1].append(letter)
        else:
            runs.append([letter])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def is_grave(row: Row) -> bool:
    """Whether it fails, or breaks a guest, excused or not."""
    return row.fails or bool(row.excuses) or row.severity is Severity.BREAKING


def in_vms(row: Row, names: Sequence[str]) -> str:
    """The VMs that have it: `2 VMs: web, db`."""
    return f"{vms.count(len(row.vms))}: {vms.shown([names[vm] for vm in row.vms])}"


def where(row: Row, names: Sequence[str]) -> str:
    """The VMs that have it, and the machine types and devices behind it."""
    parts = [in_vms(row, names)]
    if row.machines:
        parts.append(f"machine type{'s' * (len(row.machines) > 1)} {vms.shown(row.machines)}")
    if row.devices != (row.device,):
        parts.append(f"device{'s' * (len(row.devices) > 1)} {vms.shown(row.devices)}")
    return "; ".join(parts)


def notes(row: Row, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What else is to be known of a row, as terms and values: where it is, why it is as bad as it
    is, and why it came about."""
    yield "in", where(row, names)
    yield "why", row.change.reason
    for one in causes(row):
        yield "cause", one
    for drift in row.drifts:
        yield "libvirt", drifts.words(drift)
    for excuse in row.excuses:
        yield "waived", excuse
