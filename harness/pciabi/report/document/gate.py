"""The shape of the JSON document of a gate, as pydantic models: a contract, pinned by tests.

Keys may join; one is renamed or given another meaning only with another `SCHEMA`. Addresses and
paths as in `parts`; a VM is named by `case` throughout, and one judged both ways told by `entry`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pciabi.report.document.parts import (
    ChangedDevice,
    ChangedFact,
    ConsequencePart,
    Document,
    DriftPart,
    Families,
    Part,
    UnknownPart,
)
from pciabi.report.document.run import ErrorPart, Seconds
from pciabi.result.cause import Origin
from pciabi.result.verdict import Verdict
from pciabi.result.will_not_start import Missing

SCHEMA = "pciabi-gate/1"

Index = Annotated[int, Field(ge=0, description="Which of `changes`, from 0.")]
Entry = Annotated[int, Field(ge=0, description="Which of `entries`, from 0.")]


class PlacePart(Part):
    """Where in a user's file something stands, counted from 1."""

    file: str
    line: int
    column: int


class GateChangePart(ChangedFact, ChangedDevice):
    """One difference of one VM. `case` is its configuration; `file` and `line` are the device's
    place in it. `row` is the same for equal changes of all VMs: kind, field, values and type of
    device are."""

    entry: Entry
    file: str
    line: int
    fails: bool = Field(description="Whether the VM fails because of it.")
    row: int = Field(ge=0)
    consequences: list[ConsequencePart]


class GonePart(PlacePart):
    """Something that the configuration names and the later side has not."""

    what: Missing
    name: str


class SeenChangePart(ChangedFact):
    """A difference that a guest would see, were its machine type replaced."""

    device: str | None
    id: str | None
    label: str
    consequences: list[ConsequencePart]


class ReplacementPart(Part):
    """A machine type to take in the place of one that is gone. `changes` are the breaking ones
    that a guest would see, null where that is not known, which `error` says why."""

    machine: str
    choice: Literal["nearest", "oldest-to-stay"] = Field(
        description="Of those the later side has; the oldest one that is not deprecated."
    )
    deprecated: bool
    ends: str | None = Field(description="The version that deletes it; null: not announced.")
    verdict: Verdict
    changes: list[SeenChangePart] | None
    unknown: int | None
    error: str | None


class WillNotStartPart(PlacePart):
    """A VM that the earlier side starts and the later one refuses."""

    case: str
    entry: Entry
    refused_by: str
    words: str = Field(description="What the later side said.")
    excuse: str = Field(description="Why the VM does not fail all the same; empty: it does.")
    gone: list[GonePart]
    replacements: list[ReplacementPart]


class CausePart(Part):
    """Why the two sides differ. `explains` is empty where no guest sees anything of it; `before`
    and `after` are empty on a side that does not tell."""

    case: str
    entry: Entry
    origin: Origin
    name: str
    device: str
    before: str
    after: str
    machines: list[str]
    explains: list[Index]


class GateDriftPart(DriftPart):
    """A drift of one VM."""

    case: str
    entry: Entry


class RemedyPart(Part):
    """What mends the failing changes of some rows, in words."""

    rows: list[int]
    text: str


class WaivedPart(Part):
    """A change that would fail, and why it does not."""

    change: Index
    excuse: str


class SkippedPart(Part):
    """A file that was not judged, and why."""

    file: str
    why: str


class PolicyPart(PlacePart):
    """Something about the policy itself, and whether the gate fails because of it."""

    message: str
    fails: bool


class CoveragePart(Part):
    """What was looked at: VMs, pairs of functions, machines started, readings that served several
    VMs, files left out."""

    vms: int
    functions: int
    read: int
    shared: int
    skipped: list[SkippedPart]


class GateEntryPart(Part):
    """One VM, and one direction where it was judged both ways. `name` is the case of a scenario,
    empty for any other configuration."""

    case: str
    file: str
    name: str
    axes: dict[str, str]
    direction: str = Field(description="Empty where VMs are judged one way only.")
    verdict: Verdict
    seconds: Seconds
    machine: str | None = Field(description="The earlier side's machine type.")
    functions: int
    unknowns: list[UnknownPart]
    error: ErrorPart | None


class GateCountsPart(Part):
    """VMs by how they ended, changes by severity, and how many of those fail or are waived;
    `unknown` counts fields nobody read and open questions on guests."""

    compatible: int
    broken: int
    will_not_start: int
    not_judged: int
    breaking: int
    notable: int
    benign: int
    failing: int
    waived: int
    unknown: int


class GateDocument(Document):
    """The result of one `pciabi gate`."""

    schema_: Literal["pciabi-gate/1"] = Field(serialization_alias="schema")
    tool: Literal["pciabi"]
    version: str
    verdict: Verdict
    exit_code: Annotated[Literal[0, 1, 2, 3], Field(description="That of the command.")]
    sentence: str
    started: Annotated[str, Field(description="UTC, ISO 8601.")]
    seconds: Seconds
    before: str = Field(description="The earlier side: version line with the exact package.")
    after: str = Field(description="The later side.")
    scope: Families = Field(description="The families of facts that every side tells.")
    not_looked_at: Families
    accelerators: list[str] = Field(description="What QEMU ran under; none where not told.")
    counts: GateCountsPart
    changes: list[GateChangePart]
    will_not_start: list[WillNotStartPart]
    causes: list[CausePart]
    drifts: list[GateDriftPart] = Field(description="None where a side is no libvirt's.")
    remedies: list[RemedyPart]
    waived: list[WaivedPart]
    policy: list[PolicyPart]
    coverage: CoveragePart
    entries: list[GateEntryPart]
