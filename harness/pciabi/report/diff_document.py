"""The shape of the JSON document of a comparison, as pydantic models: a contract, pinned by tests.

A key is added, renamed or given another meaning only with another `SCHEMA`. Addresses and paths
as in `document`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pciabi.abi.judgement import Severity
from pciabi.abi.pair import Basis
from pciabi.abi.verdict import FailOn, Verdict
from pciabi.report.document import (
    Address,
    ConsequencePart,
    Families,
    KindWord,
    Part,
    Path,
    Release,
    UnknownPart,
)
from pciabi.report.placement import Placement

SCHEMA = "pciabi-diff/2"


class DiffChangePart(Part):
    """One difference between the two sides. `case` names the sides; `file` and `line` are the
    device's place in the user's file."""

    from_: Release | None = Field(serialization_alias="from")
    to: Release | None
    machine: str | None
    device: str | None = Field(description="QEMU's type name.")
    id: str | None = Field(description="The qdev id.")
    label: str
    case: str
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
    file: str
    line: int
    consequences: list[ConsequencePart]


class MatchPart(Part):
    """Two functions taken for one device, and why."""

    label: str
    address_before: Address
    address_after: Address
    basis: Basis


class SubstitutedPart(Part):
    """What was used in place of what the configuration says, in the words of the command line."""

    configured: str
    used: str


class SidePart(Part):
    """One side: where it comes from. Empty text where its source does not tell."""

    label: str
    file: str
    probe: str
    qemu_version: str
    qemu_package: str
    machine: str
    accelerator: str
    firmware: str
    guest: str
    command_line: list[str]
    functions: int
    substituted: list[SubstitutedPart] = Field(
        description="Of the machine as a whole and off PCI; what it leaves open is in `unknowns`."
    )


class DiffCountsPart(Part):
    """Changes by severity; `unknown` counts fields nobody read and open questions on guests."""

    breaking: int
    notable: int
    benign: int
    unknown: int
    compared: int


class DiffDocument(Part):
    """The result of one `pciabi diff`."""

    schema_: Literal["pciabi-diff/2"] = Field(serialization_alias="schema")
    tool: Literal["pciabi"]
    version: str
    verdict: Verdict
    exit_code: Annotated[Literal[0, 1, 3], Field(description="That of the command.")]
    sentence: str
    fail_on: list[FailOn]
    scope: Families = Field(description="The families of facts that both sides tell.")
    not_looked_at: Families
    accelerators: list[str] = Field(description="What QEMU ran under; none where not told.")
    before: SidePart
    after: SidePart
    counts: DiffCountsPart
    changes: list[DiffChangePart]
    unknowns: list[UnknownPart]
    matches: list[MatchPart]
