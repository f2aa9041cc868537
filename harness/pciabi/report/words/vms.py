"""What the VMs of a gate are called, and how many of them there are, the same in every report.
Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from pciabi.result.entry import Entry, Subject

_SHOWN = 4


def names(entries: Sequence[Entry]) -> tuple[str, ...]:
    """What each is called: its file's name without the ending where no other file has that, else
    the file as the user named it; with the case of a scenario, and the direction where a VM is
    judged both ways. No two are alike."""
    files = {entry.subject.group for entry in entries}
    stems = Counter(Path(file).stem for file in files)
    wished = [_name(entry.subject, stems) for entry in entries]
    seen: Counter[str] = Counter()
    made = []
    for name in wished:
        seen[name] += 1
        made.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(made)


def _name(subject: Subject, stems: Counter[str]) -> str:
    if not subject.group:
        return subject.name
    stem = Path(subject.group).stem
    file = stem if stem and stems[stem] == 1 else subject.group
    case = f"[{subject.name}]" if subject.name else ""
    return f"{file}{case}" + (f" ({subject.direction})" if subject.direction else "")


def shown(names: Sequence[str]) -> str:
    """Such as `web, db, mail, dns and 3 more`."""
    listed = ", ".join(names[:_SHOWN])
    return f"{listed} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else listed


def number(entries: Iterable[Entry]) -> int:
    """How many VMs these are: one that is judged both ways counts once."""
    return len({(entry.subject.group, entry.subject.name) for entry in entries})


def of_all(some: Collection[Entry], every: Sequence[Entry]) -> str:
    """Such as `3 of 20 VMs`, `all 20 VMs`, `both VMs` or `the only VM`."""
    few, total = number(some), number(every)
    if total == 1:
        return "the only VM"
    if few < total:
        return f"{few} of {total} VMs"
    return "both VMs" if total == 2 else f"all {total} VMs"


def count(number: int) -> str:
    """Such as `1 VM` or `20 VMs`."""
    return counted(number, "VM")


def counted(number: int, noun: str) -> str:
    """Such as `1 change` or `3 changes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
