"""The shape of `report.json`, as pydantic models: a contract, pinned by tests.

A key is added, renamed or given another meaning only with another `SCHEMA`. Numbers of a BAR or
ROM are bytes, `seconds` are wall time; addresses and paths as in `parts`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pciabi.pci.function import BarKind
from pciabi.report.document.parts import (
    Address,
    ChangedDevice,
    ChangedFact,
    ConsequencePart,
    Document,
    Families,
    Origin,
    Part,
    Path,
    Release,
    UnknownPart,
)
from pciabi.report.document.placement import Placement
from pciabi.result.failure import Aspect
from pciabi.result.verdict import Verdict

SCHEMA = "pciabi-report/3"

HexId = Annotated[str, Field(pattern=r"^[0-9a-f]{4}$")]
Index = Annotated[int, Field(ge=0, description="Which of the case's boots, from 0.")]
Seconds = Annotated[float, BeforeValidator(lambda seconds: round(seconds, 3))]


class BetweenBoots(Part):
    """Which two boots of a case were compared."""

    boot_before: Index
    boot_after: Index


class ChangePart(ChangedFact, BetweenBoots, ChangedDevice):
    """One difference between two boots. `case` is `scenario[case]`."""

    from_: Release = Field(serialization_alias="from")
    to: Release
    machine: str
    expected: bool
    consequences: list[ConsequencePart]


class FailurePart(Part):
    """An expectation that was not met."""

    device: str | None = Field(description="The qdev id.")
    aspect: Aspect
    message: str
    file: str
    line: int
    column: int


class ErrorPart(Part):
    """Why a case could not be tested. `command_line` and `console_tail` are evidence."""

    kind: str
    message: str
    file: str | None
    line: int | None
    column: int | None
    advice: str
    exit_code: Literal[2, 3]
    command_line: list[str]
    console_tail: list[str]


class BarPart(Part):
    """A base address register."""

    index: int
    kind: BarKind
    prefetchable: bool
    size: int | None


class FunctionPart(Part):
    """One PCI function, as a boot showed it. Ids are four hexadecimal digits."""

    address: Address
    path: Path
    id: str | None = Field(description="The qdev id.")
    device: str | None = Field(description="QEMU's type name.")
    placement: Placement
    vendor_id: HexId
    device_id: HexId
    class_code: Annotated[str, Field(pattern=r"^[0-9a-f]{6}$")]
    driver: str | None
    bars: list[BarPart]
    rom_size: int | None


class UnreachablePart(Part):
    """A function QEMU has and no guest can find."""

    path: Path
    id: str | None = Field(description="The qdev id.", validation_alias="qdev_id")
    device: str | None = Field(description="QEMU's type name.")
    reason: str


class InterfacePart(Part):
    """A network interface and every name udev offers for it."""

    address: Address
    mac: str
    driver: str | None
    name: str | None
    candidates: Annotated[dict[str, str], BeforeValidator(dict)]


class TimedBoot(Part):
    """A boot and what it took."""

    label: str
    seconds: Seconds


class BootPart(Origin, TimedBoot):
    """One boot and how it was made."""

    hot_plugged: list[str] = Field(description="Qdev ids of devices that joined while it ran.")
    functions: list[FunctionPart]
    unreachable: list[UnreachablePart]
    interfaces: list[InterfacePart]


class ComparisonPart(Part):
    """Two boots that were compared, and the steps between them."""

    boot_before: Index
    boot_after: Index
    removed: list[str]
    added: list[str]
    unknowns: list[UnknownPart]
    story: str


class RefusalPart(Part):
    """A start that QEMU had to refuse: the device expected to be at fault, and what happened."""

    device: str = Field(description="The qdev id.")
    saying: str = Field(description="Words the complaint had to hold, empty where any would do.")
    blamed: str | None = Field(description="The device complained about; null: QEMU started.")
    words: str | None = Field(description="What QEMU said of it.")
    held: bool
    command_line: list[str]


class CasePart(Part):
    """One case. `control`: it holds only if something is seen to change."""

    case: str
    scenario: str
    name: str
    file: str
    summary: str
    axes: dict[str, str]
    control: bool
    verdict: Verdict
    story: str
    seconds: Seconds
    failures: list[FailurePart]
    error: ErrorPart | None
    refusals: list[RefusalPart]
    comparisons: list[ComparisonPart]
    boots: list[BootPart]


class CountsPart(Part):
    """Cases by how they ended; `unknown` counts fields nobody read and open questions on
    guests."""

    held: int
    broke: int
    untested: int
    unknown: int


class ReportDocument(Document):
    """The result of one run of `pciabi run` or of the pytest plugin."""

    schema_: Literal["pciabi-report/3"] = Field(serialization_alias="schema")
    tool: Literal["pciabi"]
    version: str
    verdict: Verdict
    exit_code: Literal[0, 1, 2, 3]
    started: Annotated[str, Field(description="UTC, ISO 8601.")]
    seconds: Seconds
    qemu: str
    accelerator: str
    scope: Families = Field(description="The families of facts that every boot tells.")
    not_looked_at: Families
    counts: CountsPart
    changes: list[ChangePart]
    cases: list[CasePart]
