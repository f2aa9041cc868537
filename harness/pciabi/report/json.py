"""`report.json`: everything a run found out, for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any, Literal

from pciabi.abi.change import Outcome
from pciabi.abi.identity import identity
from pciabi.abi.scope import NEVER
from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.errors import PciabiError
from pciabi.probe.boot import BootRecord
from pciabi.report import document as doc
from pciabi.report import story, wording
from pciabi.report.change_facts import facts, unknown_part
from pciabi.report.placement import placement
from pciabi.scenario.case import Boot
from pciabi.scenario.result import CaseResult, ComparisonResult, JudgedChange, RunResult


def render(result: RunResult) -> str:
    """The document, in ASCII, keys in the order of the schema."""
    return json.dumps(_document(result).model_dump(mode="json", by_alias=True), indent=1) + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema (Draft 2020-12) of the document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **doc.ReportDocument.model_json_schema(mode="serialization"),
    }


def _document(result: RunResult) -> doc.ReportDocument:
    counts = wording.counts(result)
    changes = [change for case in result.cases for change in _changes(case)]
    scope = wording.scope_of_run(result)
    unknown = sum(len(one.unknowns) for case in result.cases for one in case.comparisons)
    unknown += sum(c.outcome is Outcome.UNKNOWN for change in changes for c in change.consequences)
    return doc.ReportDocument(
        schema_="pciabi-report/3",
        tool="pciabi",
        version=result.tool_version,
        verdict=result.verdict,
        exit_code=_exit_code(result),
        started=result.started.astimezone(UTC).isoformat(timespec="seconds"),
        seconds=round(result.seconds, 3),
        qemu=result.qemu,
        accelerator=result.accelerator,
        scope=list(scope.read),
        not_looked_at=[*scope.not_read, *NEVER],
        counts=doc.CountsPart(
            held=counts.held, broke=counts.broke, untested=counts.untested, unknown=unknown
        ),
        changes=changes,
        cases=[_case(case) for case in result.cases],
    )


def _exit_code(result: RunResult) -> Literal[0, 1, 2, 3]:
    codes: tuple[Literal[0, 1, 2, 3], ...] = (0, 1, 2, 3)
    return codes[result.exit_code]


def _changes(case: CaseResult) -> Iterator[doc.ChangePart]:
    for comparison in case.comparisons:
        for judged in comparison.changes:
            yield _change(case, comparison, judged)


def _change(case: CaseResult, comparison: ComparisonResult, judged: JudgedChange) -> doc.ChangePart:
    before = case.boots[comparison.before].snapshot
    after = case.boots[comparison.after].snapshot
    return doc.ChangePart(
        **facts(judged.change, before, after),
        case=case.case.title,
        boot_before=comparison.before,
        boot_after=comparison.after,
        expected=judged.expected,
    )


def _case(case: CaseResult) -> doc.CasePart:
    return doc.CasePart(
        case=case.case.title,
        scenario=case.case.scenario,
        name=case.case.name,
        file=str(case.case.file),
        summary=case.case.summary,
        axes=dict(case.case.axes),
        control=wording.is_control(case.case),
        verdict=case.verdict,
        story=story.case_story(case),
        seconds=round(case.seconds, 3),
        failures=[
            doc.FailurePart(
                device=failure.device_id,
                aspect=failure.aspect,
                message=failure.message,
                file=failure.position.file,
                line=failure.position.line,
                column=failure.position.column,
            )
            for failure in case.failures
        ],
        error=_error(case.error) if case.error else None,
        refusals=[
            doc.RefusalPart(
                device=refusal.device_id,
                saying=refusal.saying,
                blamed=found.blamed,
                words=found.words,
                held=found.failure is None,
                command_line=list(found.command_line),
            )
            for refusal, found in zip(case.case.refusals, case.refusals, strict=False)
        ],
        comparisons=[_comparison(case, comparison) for comparison in case.comparisons],
        boots=[
            _boot(boot, record) for boot, record in zip(case.case.boots, case.boots, strict=False)
        ],
    )


def _comparison(case: CaseResult, comparison: ComparisonResult) -> doc.ComparisonPart:
    return doc.ComparisonPart(
        boot_before=comparison.before,
        boot_after=comparison.after,
        removed=sorted(comparison.removed),
        added=sorted(comparison.added),
        unknowns=[unknown_part(unknown) for unknown in comparison.unknowns],
        story=story.comparison_story(case, comparison),
    )


def _error(error: PciabiError) -> doc.ErrorPart:
    place, evidence = error.place, error.evidence
    return doc.ErrorPart(
        kind=type(error).__name__,
        message=error.message,
        file=place.file if place else None,
        line=place.line if place else None,
        column=place.column if place else None,
        advice=error.advice,
        exit_code=2 if error.exit_code == 2 else 3,
        command_line=list(evidence.command_line) if evidence else [],
        console_tail=list(evidence.tail()) if evidence else [],
    )


def _boot(boot: Boot, record: BootRecord) -> doc.BootPart:
    snapshot, origin = record.snapshot, record.snapshot.provenance
    return doc.BootPart(
        label=boot.label,
        seconds=round(record.seconds, 3),
        probe=origin.probe,
        qemu_version=origin.qemu_version,
        qemu_package=origin.qemu_package,
        machine=origin.machine,
        accelerator=origin.accelerator,
        firmware=origin.firmware,
        guest=origin.guest,
        command_line=list(origin.command_line),
        hot_plugged=[device.id for device in boot.plugged],
        functions=[_function(function, snapshot) for function in snapshot.functions],
        unreachable=[
            doc.UnreachablePart(
                path=str(one.path), id=one.qdev_id, device=one.device, reason=one.reason
            )
            for one in snapshot.unreachable
        ],
        interfaces=[
            doc.InterfacePart(
                address=str(nic.address),
                mac=nic.mac,
                driver=nic.driver,
                name=nic.name,
                candidates=dict(nic.candidates),
            )
            for nic in snapshot.interfaces
        ],
    )


def _function(placed: PlacedFunction, snapshot: Snapshot) -> doc.FunctionPart:
    vendor, device, class_code = identity(placed)
    function = placed.function
    return doc.FunctionPart(
        address=str(placed.address),
        path=str(placed.path),
        id=placed.qdev_id,
        device=placed.device,
        placement=placement(placed, snapshot),
        vendor_id=f"{vendor:04x}",
        device_id=f"{device:04x}",
        class_code=f"{class_code:06x}",
        driver=function.driver,
        bars=[
            doc.BarPart(
                index=bar.index, kind=bar.kind, prefetchable=bar.prefetchable, size=bar.size
            )
            for bar in function.bars
        ],
        rom_size=function.rom_size,
    )
