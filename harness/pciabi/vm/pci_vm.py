"""A VM's PCI devices as its configuration states them, whatever format it is written in.

Every input format is read into this, and lint rules see nothing else. Data only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from pciabi.errors import SourcePosition


class Family(StrEnum):
    """What PCI looks like on a machine type. `OTHER` has no PCI bus of x86's kind at all.
    `UNKNOWN`: the text does not tell which machine type it is, so that it may be any of x86's."""

    I440FX = "i440fx"
    Q35 = "q35"
    OTHER = "other"
    UNKNOWN = "unknown"


MAY_BE = (Family.I440FX, Family.Q35)
"""The families that a machine type of x86 may be of."""


class Role(StrEnum):
    """What a device is to the guest, as far as the loss of its address differs by it."""

    NIC = "NIC"
    BOOT_DISK = "boot disk"
    DISK = "disk"
    BRIDGE = "bridge"
    VIDEO = "video"
    BALLOON = "balloon"
    USB = "USB controller"
    SOUND = "sound"
    CONTROLLER = "controller"
    OTHER = "device"


class Pinning(StrEnum):
    """Who decides where a device lands.

    `PINNED`: the configuration. `FIXED`: nobody, there is one place only (PIIX3's IDE, the slot
    of a root port). `UNPINNED`: QEMU or libvirt, whatever is free. `EMPTY`: an address is
    written and says nothing. `IMPLICIT`: the device itself is not written. `UNPINNABLE`: the
    option that makes the device takes no address. `AMBIGUOUS`: a slot is written and the bus is
    not, where there are several root buses. `REFUSED`: the address is empty, and
    QEMU does not start. `UNKNOWN`: the text leaves it open (a variable of a script).
    """

    PINNED = "pinned"
    FIXED = "fixed"
    UNPINNED = "unpinned"
    EMPTY = "empty"
    IMPLICIT = "implicit"
    UNPINNABLE = "unpinnable"
    AMBIGUOUS = "ambiguous"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Creation(StrEnum):
    """How unpinned devices get their slots. `IN_ORDER`: QEMU, one device after the other, so
    that an unpinned one may take a later one's slot. `AFTER_PINNED`: libvirt, once all written
    addresses are known."""

    IN_ORDER = "in order"
    AFTER_PINNED = "after pinned"


@dataclass(frozen=True, order=True)
class Place:
    """Where a device is pinned: the bus by its name in the format (`pci.0`, libvirt's index)."""

    bus: str
    slot: int
    function: int = 0

    def __str__(self) -> str:
        """Such as `pci.0 slot 3` or `pci.0 slot 5 function 1`."""
        function = f" function {self.function}" if self.function else ""
        return f"{self.bus} slot {self.slot:#x}{function}"


@dataclass(frozen=True)
class Span:
    """The text of one element or argument: where it begins, and the line on which it ends."""

    start: SourcePosition
    last_line: int


@dataclass(frozen=True)
class PciDevice:
    """One PCI device of a configuration.

    `name` is what its owner calls it (`net0`, `interface 52:54:00:…`), `driver` QEMU's or
    libvirt's word for the model. `place` is set where it is pinned or fixed. `provides` names
    the buses behind it. `properties` is what else rules look at (`mac`, `romfile`). `detail`
    completes the reason for its pinning. `bus` is where one without a place goes, empty where the
    hypervisor decides that too. `remedy` is set where the VM's own does not fit.
    """

    name: str
    driver: str
    role: Role
    pinning: Pinning
    span: Span
    place: Place | None = None
    multifunction: bool = False
    provides: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    detail: str = ""
    bus: str = ""
    remedy: str = ""


def with_boot_disk(devices: Sequence[PciDevice]) -> tuple[PciDevice, ...]:
    """The devices, the disk a guest boots from told as such: the one with the lowest
    `bootindex`, else the first."""
    disks = [device for device in devices if device.role is Role.DISK]
    ordered = [d for d in disks if d.properties.get("bootindex", "").isdigit()]
    first = min(ordered, key=lambda d: int(d.properties["bootindex"]), default=None)
    boot = first or next(iter(disks), None)
    return tuple(replace(d, role=Role.BOOT_DISK) if d is boot else d for d in devices)


@dataclass(frozen=True)
class PciBus:
    """A bus devices can be plugged into. `slots` are those a device may take; a bus of one slot
    pins by itself. `hotplug` tells whether a running guest can get or lose a device here."""

    name: str
    slots: range
    hotplug: bool
    root: bool = False


@dataclass(frozen=True)
class LeftOpen:
    """A choice that a configuration leaves to whoever starts the VM, whose releases have not
    always made it alike: `what` it is, which of them chose what (`history`), and what to write
    (`remedy`)."""

    span: Span
    what: str
    history: str
    remedy: str


@dataclass(frozen=True)
class PciVm:
    """One VM. `devices` are in order of creation; `built_in` are places the machine itself uses.

    `machine` is None where none is written. `remedy` tells, in the format's own words, how a
    device is given an address. `readings` are the same VM as each family would make it, where its
    own family is not known; it has no devices itself then. `windows` says what tells that the
    guest is Windows, and is empty where nothing does. `stands_for` is the versioned machine type
    that whoever starts the VM takes in place of one without a version, None where nobody does.
    `left_open` are the choices that have drifted between releases, of any machine.
    `completed` are the functions 0 that devices without an address get in slots others share.
    """

    name: str
    family: Family
    machine: str | None
    machine_span: Span
    devices: tuple[PciDevice, ...]
    buses: tuple[PciBus, ...]
    built_in: Mapping[Place, str]
    creation: Creation
    remedy: str
    cpu: str | None = None
    cpu_span: Span | None = None
    windows: str = ""
    stands_for: str | None = None
    readings: tuple[PciVm, ...] = ()
    completed: frozenset[Place] = frozenset()
    left_open: tuple[LeftOpen, ...] = ()

    def bus(self, name: str) -> PciBus | None:
        """The bus of that name, or None."""
        return next((bus for bus in self.buses if bus.name == name), None)

    def with_windows(self, told_by: str) -> PciVm:
        """The same with a Windows guest, as somebody says; what the text itself says is kept."""
        readings = tuple(reading.with_windows(told_by) for reading in self.readings)
        return replace(self, windows=self.windows or told_by, readings=readings)

    def read_as(self, readings: Iterable[PciVm]) -> PciVm:
        """The same VM of a family that is not known, with its readings."""
        return replace(self, family=Family.UNKNOWN, devices=(), buses=(), readings=tuple(readings))
