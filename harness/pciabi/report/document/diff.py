"""The shape of the JSON document of a comparison, as pydantic models: a contract, pinned by tests.

Keys may join; one is renamed or given another meaning only with another `SCHEMA`. Addresses and
paths as in `parts`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pciabi.abi.pair import Basis
from pciabi.report.document.parts import (
    Address,
    ChangedDevice,
    ChangedFact,
    ConsequencePart,
    Document,
    DriftPart,
    Families,
    Origin,
    Part,
    UnknownPart,
)
from pciabi.result.policy import FailOn
from pciabi.result.verdict import Verdict

SCHEMA = "pciabi-diff/2"


class DiffChangePart(ChangedFact, ChangedDevice):
    """One difference between the two sides. `case` names the sides; `file` and `line` are the
    device's place in the user's file."""

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

    configured: str = Field(validation_alias="option")
    used: str = Field(validation_alias="inert")


class SideSource(Part):
    """What a user named as a side."""

    label: str
    file: str


class SidePart(Origin, SideSource):
    """One side: where it comes from. Empty text where its source does not tell."""

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


class DiffDocument(Document):
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
    drifts: list[DriftPart] = Field(description="None where a side is no libvirt's.")
