"""The document of a run: all its cases, boots and changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from pciabi.abi.identity import identity
from pciabi.abi.scope import NEVER
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.errors import PciabiError
from pciabi.report.document.parts import facts, origin
from pciabi.report.document.placement import placement
from pciabi.report.document.run import SCHEMA, ReportDocument
from pciabi.report.words import cases, scope, story
from pciabi.report.words.cases import Standing
from pciabi.result.boot import BootRecord
from pciabi.result.entry import Entry, PlannedBoot, expectations_of
from pciabi.result.result import Result


def document(result: Result) -> ReportDocument:
    """The document."""
    count, families = cases.counts(result), scope.of(result)
    return ReportDocument.model_validate(
        {
            "schema_": SCHEMA,
            "tool": "pciabi",
            "version": result.tool_version,
            "verdict": result.verdict,
            "exit_code": result.exit_code,
            "started": result.started.astimezone(UTC).isoformat(timespec="seconds"),
            "seconds": result.seconds,
            "qemu": result.qemu,
            "accelerator": result.accelerator,
            "scope": families.read,
            "not_looked_at": [*families.not_read, *NEVER],
            "counts": {
                "held": count[Standing.HELD] + count[Standing.SEEN],
                "broke": count[Standing.BROKE],
                "untested": count[Standing.UNTESTED],
                "unknown": sum(comparison.unknown_count for comparison in result.comparisons),
            },
            "changes": [change for entry in result.entries for change in _changes(entry)],
            "cases": [_case(entry) for entry in result.entries],
        }
    )


def _changes(entry: Entry) -> Iterator[dict[str, Any]]:
    for comparison in entry.comparisons:
        boots = expectations_of(comparison)
        for judged in comparison.judged_changes:
            yield {
                **facts(judged.change, comparison.before, comparison.after),
                "case": entry.subject.title,
                "boot_before": boots.before,
                "boot_after": boots.after,
                "expected": judged.expected,
            }


def _case(entry: Entry) -> dict[str, Any]:
    subject, plan = entry.subject, entry.plan
    return {
        "case": subject.title,
        "scenario": subject.group,
        "name": subject.name,
        "file": str(subject.file),
        "summary": subject.summary,
        "axes": dict(subject.axes),
        "control": plan.is_control,
        "verdict": entry.verdict,
        "story": story.entry_story(entry),
        "seconds": entry.seconds,
        "failures": [
            {
                "device": failure.device_id,
                "aspect": failure.aspect,
                "message": failure.message,
                **vars(failure.position),
            }
            for failure in entry.failures
        ],
        "error": error_part(entry.error) if entry.error else None,
        "refusals": [
            {
                "device": refusal.device_id,
                "saying": refusal.saying,
                "blamed": refusal.blamed,
                "words": refusal.words,
                "held": refusal.failure is None,
                "command_line": refusal.command_line,
            }
            for refusal in entry.refusals
        ],
        "comparisons": [
            {
                "boot_before": boots.before,
                "boot_after": boots.after,
                "removed": sorted(boots.removed),
                "added": sorted(boots.added),
                "unknowns": comparison.unknowns,
                "story": story.comparison_story(entry, comparison),
            }
            for comparison in entry.comparisons
            for boots in [expectations_of(comparison)]
        ],
        "boots": [
            _boot(planned, record) for planned, record in zip(plan.boots, entry.boots, strict=False)
        ],
    }


def error_part(error: PciabiError) -> dict[str, Any]:
    """What is told of an error."""
    evidence = error.evidence
    nowhere = dict.fromkeys(("file", "line", "column"))
    return {
        "kind": type(error).__name__,
        "message": error.message,
        **(vars(error.place) if error.place else nowhere),
        "advice": error.advice,
        "exit_code": error.exit_code,
        "command_line": evidence.command_line if evidence else (),
        "console_tail": evidence.tail() if evidence else (),
    }


def _boot(planned: PlannedBoot, record: BootRecord) -> dict[str, Any]:
    snapshot = record.snapshot
    return {
        "label": planned.label,
        "seconds": record.seconds,
        **origin(snapshot),
        "hot_plugged": [device.id for device in planned.plugged],
        "functions": [_function(function, snapshot) for function in snapshot.functions],
        "unreachable": snapshot.unreachable,
        "interfaces": snapshot.interfaces,
    }


def _function(placed: PlacedFunction, snapshot: Snapshot) -> dict[str, Any]:
    vendor, device, class_code = identity(placed)
    return {
        "address": placed.address,
        "path": placed.path,
        "id": placed.qdev_id,
        "device": placed.device,
        "placement": placement(placed, snapshot),
        "vendor_id": f"{vendor:04x}",
        "device_id": f"{device:04x}",
        "class_code": f"{class_code:06x}",
        "driver": placed.function.driver,
        "bars": placed.function.bars,
        "rom_size": placed.function.rom_size,
    }
