"""The boots of an entry as a page shows them: what they were made with, and what they left."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC

from pciabi.abi.snapshot import Unreachable
from pciabi.report.words import cases
from pciabi.result.boot import BootRecord
from pciabi.result.entry import Entry, PlannedBoot
from pciabi.result.result import Result

_LONGEST_CONSOLE = 200_000
Notes = tuple[tuple[str, str], ...]
"""Terms and their values."""


@dataclass(frozen=True)
class Boot:
    """A boot as the page shows it."""

    title: str
    notes: Notes
    command_line: str
    console: str


def provenance(result: Result) -> Notes:
    """What all boots were made with."""
    origins = [snapshot.provenance for snapshot in result.snapshots]
    return (
        ("QEMU", result.qemu),
        ("Accelerator", result.accelerator),
        ("Machine types", _all(origin.machine for origin in origins)),
        ("Guest", _all(origin.guest for origin in origins)),
        ("Firmware", _all(origin.firmware for origin in origins)),
        ("Date", result.started.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")),
        ("Duration", cases.seconds(result.seconds)),
        ("pciabi", result.tool_version),
    )


def _all(values: Iterable[str]) -> str:
    return ", ".join(sorted(set(values))) or "not known: no guest was read"


def boots(entry: Entry) -> Iterator[Boot]:
    """Each boot, and the one that failed."""
    planned = entry.plan.boots
    for number, boot in enumerate(zip(planned, entry.boots, strict=False), start=1):
        yield _boot(number, *boot)
    evidence = entry.error.evidence if entry.error else None
    if evidence is not None:
        number = len(entry.boots) + 1
        title = f"{_boot_title(number, *planned[number - 1 : number])}: the boot that failed"
        yield Boot(title, (), shell(evidence.command_line), _shortened(evidence.console))


def _boot(number: int, planned: PlannedBoot, record: BootRecord) -> Boot:
    origin = record.snapshot.provenance
    notes = (
        ("QEMU", origin.qemu_package),
        ("Machine type", origin.machine),
        ("Accelerator", origin.accelerator),
        ("Firmware", origin.firmware),
        ("Guest", origin.guest),
        ("Took", cases.seconds(record.seconds)),
        *(("Unreachable", _unreachable(one)) for one in record.snapshot.unreachable),
        *(("Hot-plugged", f"{device.id} ({device.driver})") for device in planned.plugged),
    )
    title = _boot_title(number, planned)
    return Boot(title, notes, shell(origin.command_line), _shortened(record.console))


def _unreachable(one: Unreachable) -> str:
    return f"{one.qdev_id or 'built-in'} ({one.device}) at {one.path}: {one.reason}"


def _boot_title(number: int, boot: PlannedBoot | None = None) -> str:
    return f"Boot {number}: {boot.label}" if boot else f"Boot {number}"


def _shortened(console: str) -> str:
    if len(console) <= _LONGEST_CONSOLE:
        return console
    left_out = len(console) - _LONGEST_CONSOLE
    return (
        f"[{left_out} characters left out; the serial log file holds all]\n"
        + (console[-_LONGEST_CONSOLE:])
    )


def shell(arguments: Sequence[str]) -> str:
    """A command line as a shell takes it, one option a line."""
    lines: list[str] = []
    for argument in arguments:
        if lines and not argument.startswith("-"):
            lines[-1] += f" {shlex.quote(argument)}"
        else:
            lines.append(shlex.quote(argument))
    return " \\\n  ".join(lines)
