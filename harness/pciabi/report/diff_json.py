"""A comparison as a JSON document, for other programs."""

from __future__ import annotations

import json
from typing import Any, Literal

from pciabi import __version__
from pciabi.abi.change import Change
from pciabi.abi.diff import Diff, Side
from pciabi.abi.judgement import Severity
from pciabi.abi.pair import Pair
from pciabi.abi.scope import NEVER
from pciabi.abi.scope import scope as scope_of
from pciabi.report import diff_document as doc
from pciabi.report import diff_wording
from pciabi.report.change_facts import facts, unknown_part
from pciabi.report.substituted import of_no_device


def render(diff: Diff) -> str:
    """The document, in ASCII, keys in the order of the schema."""
    return json.dumps(_document(diff).model_dump(mode="json", by_alias=True), indent=1) + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema (Draft 2020-12) of the document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **doc.DiffDocument.model_json_schema(mode="serialization"),
    }


def _document(diff: Diff) -> doc.DiffDocument:
    codes: tuple[Literal[0, 1, 3], ...] = (0, 1, 3)
    scope = scope_of([diff.before.snapshot, diff.after.snapshot])
    return doc.DiffDocument(
        schema_="pciabi-diff/2",
        tool="pciabi",
        version=__version__,
        verdict=diff.verdict,
        exit_code=next(code for code in codes if code == diff.exit_code),
        sentence=diff_wording.verdict(diff),
        fail_on=sorted(diff.fail_on),
        scope=list(scope.read),
        not_looked_at=[*scope.not_read, *NEVER],
        accelerators=list(scope.accelerators),
        before=_side(diff.before),
        after=_side(diff.after),
        counts=doc.DiffCountsPart(
            breaking=len(diff.of(Severity.BREAKING)),
            notable=len(diff.of(Severity.NOTABLE)),
            benign=len(diff.of(Severity.BENIGN)),
            unknown=diff.unknown_count,
            compared=len(diff.matching.pairs),
        ),
        changes=[_change(diff, change) for change in diff.changes],
        unknowns=[unknown_part(unknown) for unknown in diff.unknowns],
        matches=[_match(diff, pair) for pair in diff.matching.pairs],
    )


def _side(side: Side) -> doc.SidePart:
    told = side.snapshot.provenance
    return doc.SidePart(
        label=side.label,
        file=side.place.file,
        probe=told.probe,
        qemu_version=told.qemu_version,
        qemu_package=told.qemu_package,
        machine=told.machine,
        accelerator=told.accelerator,
        firmware=told.firmware,
        guest=told.guest,
        command_line=list(told.command_line),
        functions=len(side.snapshot.functions),
        substituted=[
            doc.SubstitutedPart(configured=one.option, used=one.inert)
            for one in of_no_device(side.snapshot)
        ],
    )


def _change(diff: Diff, change: Change) -> doc.DiffChangePart:
    place = diff.place_of(change)
    return doc.DiffChangePart(
        **facts(change, diff.before.snapshot, diff.after.snapshot),
        case=diff.title,
        file=place.file,
        line=place.line,
    )


def _match(diff: Diff, pair: Pair) -> doc.MatchPart:
    return doc.MatchPart(
        label=diff.name_of(pair),
        address_before=str(pair.before.address),
        address_after=str(pair.after.address),
        basis=pair.basis,
    )
