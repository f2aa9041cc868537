"""The shape of a snapshot file, as pydantic models: a contract, pinned by tests.

A key is added, renamed or given another meaning only with another `SCHEMA`. The facts of a
family stand under the family's name, in the form that the family gives them; a family that is
not there was not read, so another family of facts needs no other `SCHEMA`. `summary` is for
people who review a change of the file; it is not read. Sizes are bytes, offsets and bytes of
configuration space hexadecimal; rows of zeros are left out.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from pciabi.abi.families import function_families, machine_families
from pciabi.documents import Strict
from pciabi.snapshots import forms
from pciabi.snapshots.version import MAX_NAME

MAX_FUNCTIONS = 65_536
_MAX_TEXT = 100_000

Address = Annotated[
    str, Field(pattern=r"^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$", max_length=20)
]
Path = Annotated[
    str, Field(pattern=r"^[0-9a-f]{1,12}(/[01][0-9a-f]\.[0-7]){1,256}$", max_length=2_000)
]
Text = Annotated[str, Field(max_length=_MAX_TEXT)]
Line = Annotated[str, Field(pattern=r"^[^\r\n]*$", max_length=MAX_NAME)]
Offset = Annotated[str, Field(pattern=r"^[0-9a-f]{1,2}0$")]
Row = Annotated[str, Field(pattern=r"^[0-9a-f]{2}( [0-9a-f]{2}){15}$")]
Rows = Annotated[dict[Offset, Row], Field(max_length=256)]
FactParts = Annotated[dict[str, Any], Field(max_length=100)]
_SIZES = Literal[64, 128, 256, 4096]


class Part(Strict):
    """A part of the document."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_by_name=True, validate_by_alias=True
    )


class Origin(Part):
    """How the snapshot came to be; empty where the source does not tell."""

    probe: Text = Field(description="cold, boot or lspci.")
    qemu_version: Text
    qemu_package: Text = Field(description="QEMU's version line, which names its package.")
    machine: Text = Field(description="The machine type, always versioned.")
    accelerator: Text
    firmware: Text
    guest: Text
    command_line: Annotated[list[Text], Field(max_length=20_000)]
    libvirt: Text = Field(
        "", description="The version of the libvirt in whose words the command line is."
    )


class FunctionPart(Part):
    """One PCI function."""

    address: Address
    path: Path | None = Field(description="Null where the source does not tell it.")
    id: Text | None = Field(description="The qdev id.")
    device: Text | None = Field(description="QEMU's type name.")
    name: Line = Field(description="lspci's words for it.")
    summary: Annotated[list[Text], Field(max_length=5_000)] = Field(
        default_factory=list, description="For people: what the bytes mean. Not read."
    )
    size: _SIZES
    config: Rows
    known: Rows | Literal["all"] = Field(
        description="A bit for each bit of `config` that was read."
    )
    facts: FactParts = Field(description="What else was read of it, by family.")


class UnreachablePart(Part):
    """A function that QEMU has and no guest finds."""

    path: Path
    id: Text | None
    device: Text | None
    reason: Text


class SubstitutionPart(Part):
    """An inert backend that stood in for a real one."""

    option: Text
    inert: Text
    id: Text | None
    device: Text | None = Field(description="The type of the device it is about, without an id.")
    ordinal: Annotated[int, Field(ge=0, le=MAX_FUNCTIONS)] = Field(
        description="Which one of that type without an id it is, in the order of creation."
    )
    unknown: Annotated[list[Text], Field(max_length=1_000)]


class CreationPart(Part):
    """A device in the order in which QEMU created the devices."""

    id: Text | None
    device: Text
    path: Path
    pinned: bool


class SnapshotFile(Part):
    """All PCI functions of one VM at one time."""

    schema_: Literal["pciabi-snapshot/3"] = Field(alias="schema")
    tool: Literal["pciabi"]
    version: Text
    provenance: Origin
    functions: Annotated[list[FunctionPart], Field(max_length=MAX_FUNCTIONS)]
    facts: FactParts = Field(description="What was read of the machine, by family.")
    unreachable: Annotated[list[UnreachablePart], Field(max_length=MAX_FUNCTIONS)]
    substitutions: Annotated[list[SubstitutionPart], Field(max_length=MAX_FUNCTIONS)]
    creations: Annotated[list[CreationPart], Field(max_length=MAX_FUNCTIONS)]


def schema() -> dict[str, Any]:
    """The JSON Schema (Draft 2020-12) of the file."""
    document = SnapshotFile.model_json_schema()
    definitions = document["$defs"]
    of_functions, of_machine = (
        forms.json_schema(family for family in found if family.form is not None)
        for found in (function_families(), machine_families())
    )
    for facts, schema in (
        (definitions["FunctionPart"]["properties"]["facts"], of_functions),
        (document["properties"]["facts"], of_machine),
    ):
        definitions.update(schema.pop("$defs", {}))
        facts.update(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document}
