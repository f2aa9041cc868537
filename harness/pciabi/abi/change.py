"""What a change is: one guest-visible difference between two snapshots. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pciabi.abi.judgement import Severity
from pciabi.abi.kind import Kind
from pciabi.pci.address import GuestAddress, TopologyPath


class Harm(StrEnum):
    """Who is hurt by a change."""

    WINDOWS_IDENTITY = "windows-identity"
    LINUX_NAME = "linux-name"
    DRIVER = "driver"
    MIGRATION = "migration"
    MEASURED_BOOT = "measured-boot"


class Outcome(StrEnum):
    """What a guest OS makes of a change. Unknown is never printed as kept."""

    KEPT = "kept"
    CHANGED = "changed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Consequence:
    """What one guest OS makes of a change, in one sentence, with the source of that knowledge."""

    harm: Harm
    outcome: Outcome
    message: str
    source: str


@dataclass(frozen=True)
class Change:
    """One difference between two snapshots, about one device, or about the machine as a whole:
    then there is no address and no path.

    `device` is QEMU's type name and `id` the qdev id (either may be None for a built-in
    device). `field` names the register or fact in the field's standard words
    (`BAR 0`, `MSI-X table size`); `offset` is its place in config space and `mask` the bits
    judged, None where there is none. `before` and `after` are printable values, empty where
    the device was not there. `reason` says why the severity is what it is. `exchanged_with` is
    the label of the device that took this one's place and left it its own, None for any other
    change.
    """

    device: str | None
    id: str | None
    label: str
    kind: Kind
    field: str
    offset: int | None
    mask: int | None
    before: str
    after: str
    severity: Severity
    reason: str
    address_before: GuestAddress | None
    address_after: GuestAddress | None
    path_before: TopologyPath | None
    path_after: TopologyPath | None
    consequences: tuple[Consequence, ...]
    exchanged_with: str | None

    @property
    def is_of_the_machine(self) -> bool:
        """Whether it is about the machine as a whole."""
        return self.address_before is None and self.address_after is None
