"""What the JSON documents of all commands share, as pydantic models.

A part takes its values from the attributes of what it tells of, where those have its names.
Addresses are `domain:bus:slot.function`, paths as `0/1c.0/00.0`; both, and interface names, are
null where there is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from pciabi.abi.change import Change, Harm, Outcome
from pciabi.abi.families import kinds
from pciabi.abi.judgement import Severity
from pciabi.abi.snapshot import Snapshot
from pciabi.report.document.circumstances import circumstances
from pciabi.report.document.placement import Placement
from pciabi.result.side import Side
from pciabi.vm.drift.drift import Drift
from pciabi.vm.drift.drift import Kind as DriftKind

Address = Annotated[
    str, BeforeValidator(str), Field(pattern=r"^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$")
]
Path = Annotated[str, BeforeValidator(str), Field(pattern=r"^[0-9a-f]+(/[0-9a-f]{2}\.[0-7])+$")]
Release = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+$", description="Such as 7.2.")]
KindWord = Annotated[
    str,
    WithJsonSchema({"type": "string", "enum": [str(kind) for kind in kinds()]}),
    Field(description="What sort of difference it is."),
]
Families = list[str]
"""Families of facts, in words."""
NullIfEmpty = Annotated[str | None, BeforeValidator(lambda text: text or None)]


class Part(BaseModel):
    """A part of a document."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class Document(Part):
    """A whole document."""

    def render(self) -> str:
        """In ASCII, keys in the order of the schema."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1) + "\n"

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema (Draft 2020-12) of the document."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **cls.model_json_schema(mode="serialization"),
        }


class Origin(Part):
    """How a snapshot came to be."""

    probe: str
    qemu_version: str
    qemu_package: str
    machine: str
    accelerator: str
    firmware: str
    guest: str
    command_line: list[str]
    libvirt: str = Field("", description="In whose words the command line is.")


class ConsequencePart(Part):
    """What one guest OS makes of a change."""

    harm: Harm
    outcome: Outcome
    message: str
    source: str


class ChangedDevice(Part):
    """Where a change was seen, and of which device; null where a source does not tell."""

    from_: Release | None = Field(serialization_alias="from")
    to: Release | None
    machine: str | None
    device: str | None = Field(description="QEMU's type name.")
    id: str | None = Field(description="The qdev id.")
    label: str
    case: str


class ChangedFact(Part):
    """What changed, and how much that matters."""

    placement: Placement
    kind: KindWord
    field: str
    offset: int | None
    mask: int | None
    before: str
    after: str
    address_before: Address | None
    address_after: Address | None
    path_before: Path | None
    path_after: Path | None
    severity: Severity
    reason: str
    exchanged_with: str | None = Field(description="The label of the device it swapped with.")


class DriftPart(Part):
    """What two libvirts make differently of one domain; no break by itself. `field` is empty where
    the element is there on one side only, `before` and `after` where a side writes nothing.
    `file`, `line` and `column` are the element's place in the user's file, counted from 1."""

    kind: DriftKind
    element: str
    field: str
    before: str
    after: str
    file: str
    line: int
    column: int
    explains: list[Annotated[int, Field(ge=0, description="Which of `changes`, from 0.")]]


class UnknownPart(Part):
    """Something that at least one side did not show. `why_before` and `why_after` are null on a
    side that did; `excused`: both sides left it open for the same reason."""

    device: str | None
    id: str | None
    label: str
    field: str
    why_before: NullIfEmpty
    why_after: NullIfEmpty
    excused: bool
    address_before: Address
    address_after: Address


_CHANGE_KEYS = {*ChangedDevice.model_fields, *ChangedFact.model_fields, "consequences"} & {
    field.name for field in fields(Change)
}


def facts(change: Change, before: Side, after: Side) -> dict[str, Any]:
    """The keys of a change between two sides that the documents of all commands have."""
    of_change = {name: getattr(change, name) for name in _CHANGE_KEYS}
    return {**circumstances(change, before, after), **of_change}


def drift(drift: Drift, explains: Iterable[int]) -> dict[str, Any]:
    """The keys of a drift, given the numbers of the changes that are due to it."""
    told = {name: getattr(drift, name) for name in ("kind", "element", "field", "before", "after")}
    return {**told, **vars(drift.place), "explains": sorted(explains)}


def origin(snapshot: Snapshot) -> dict[str, Any]:
    """The keys that tell how a snapshot came to be."""
    return {name: getattr(snapshot.provenance, name) for name in Origin.model_fields}
