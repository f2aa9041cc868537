"""What a snapshot is: all PCI functions of one VM at one time, with provenance. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.function import PciFunction


@dataclass(frozen=True)
class NetworkInterface:
    """A NIC as the guest's kernel and udev see it.

    `name` is the predictable name udev gives it under its default policy (`ens3`, `enp1s0`);
    None where udev gave none. `candidates` are all names udev's `net_id` builtin offers,
    as (property, value) pairs such as `("ID_NET_NAME_SLOT", "ens3")`.
    """

    address: GuestAddress
    mac: str
    driver: str | None
    name: str | None
    candidates: tuple[tuple[str, str], ...]


class IdentifierName(StrEnum):
    """A property, by QEMU's name, that a guest tells one device from another by."""

    MAC = "mac"
    SERIAL = "serial"
    ACPI_INDEX = "acpi-index"
    MOUNT_TAG = "mount_tag"


@dataclass(frozen=True)
class Identifier:
    """The value of an identifying property of one device.

    `stated`: the configuration says so. A MAC address that it does not state is made up by QEMU,
    in the order of creation, and so identifies nobody.
    """

    name: IdentifierName
    value: str
    stated: bool


MADE_UP = "pciabi-"
"""Begins the ids that pciabi gives to devices without one, of which something is not known."""


def is_made_up(qdev_id: str | None) -> bool:
    """Whether an id is pciabi's own, which says nothing of the device."""
    return qdev_id is not None and qdev_id.startswith(MADE_UP)


@dataclass(frozen=True)
class PlacedFunction:
    """A function with its place in the topology and QEMU's word for what it is.

    `qdev_id` is QEMU's `id=`, None for a built-in device; `device` is QEMU's type name
    (`virtio-net-pci`), None where only the guest was asked. `identifiers` are all identifying
    properties that have a value; None where they were not read.
    """

    function: PciFunction
    path: TopologyPath
    qdev_id: str | None
    device: str | None
    identifiers: tuple[Identifier, ...] | None

    @property
    def address(self) -> GuestAddress:
        """Where the guest sees it."""
        return self.function.address

    @property
    def stated_id(self) -> str | None:
        """The qdev id that the configuration gives it, None where it gives none."""
        return None if is_made_up(self.qdev_id) else self.qdev_id

    def identifier(self, name: IdentifierName) -> Identifier | None:
        """The identifying property of that name, None without a value or where none was read."""
        return next((one for one in self.identifiers or () if one.name is name), None)

    def stated(self, name: IdentifierName) -> str | None:
        """The value of an identifying property that the configuration states, else None."""
        found = self.identifier(name)
        return found.value if found is not None and found.stated else None


@dataclass(frozen=True)
class Provenance:
    """How a snapshot came to be.

    `qemu_version` is `7.2.22`, `qemu_package` the whole version line QEMU prints (it names the
    distribution's package); `machine` is always a versioned machine type.
    """

    probe: str
    qemu_version: str
    qemu_package: str
    machine: str
    accelerator: str
    firmware: str
    guest: str
    command_line: tuple[str, ...]


@dataclass(frozen=True)
class Unreachable:
    """A function QEMU has and no guest can find, such as 5.1 where there is no 5.0."""

    path: TopologyPath
    qdev_id: str | None
    device: str | None
    reason: str


EVERY_FIELD = "every field"
"""In `Substitution.unknown`: another device holds the place, so only that can be compared."""

MACHINE_TYPE = "machine type"
"""In `Substitution.unknown`: the machine has another type than the configured one."""


@dataclass(frozen=True)
class Substitution:
    """An inert backend that stood in for a real one, and what that makes unknowable.

    `option` is what the configuration says of the kind of backend, whole
    (`-netdev tap,vhost=on`), `inert` what was used instead: where both are the same on two
    sides, what is unknown of them is unknown for the same reason. `qdev_id` is the device that
    uses the backend; None where none does, or where that has none: `device` is then its type,
    and `ordinal` says which one of that type without an id it is, in the order of creation, from
    0. `unknown` names the fields of that device that depend on the kind of backend.
    """

    option: str
    inert: str
    qdev_id: str | None
    unknown: tuple[str, ...]
    device: str | None = None
    ordinal: int = 0


@dataclass(frozen=True)
class Creation:
    """One device in the order in which QEMU created the devices, and where it was placed."""

    qdev_id: str | None
    device: str
    path: TopologyPath
    pinned: bool


@dataclass(frozen=True)
class Snapshot:
    """All functions of one VM at one time, in guest address order.

    `unreachable`, `substitutions` and `creations` are empty where the probe cannot tell.
    """

    functions: tuple[PlacedFunction, ...]
    interfaces: tuple[NetworkInterface, ...]
    provenance: Provenance
    unreachable: tuple[Unreachable, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    creations: tuple[Creation, ...] = ()

    def by_id(self, qdev_id: str) -> PlacedFunction | None:
        """The function that carries QEMU's `id=`, or None (function 0 where several do)."""
        return self._by_id.get(qdev_id)

    def at_path(self, path: TopologyPath) -> PlacedFunction | None:
        """The function at a path, or None."""
        return self._by_path.get(path)

    def why_unreachable(self, qdev_id: str | None) -> str | None:
        """Why no guest can find the device, None where one can or it is not there at all."""
        found = (one for one in self.unreachable if one.qdev_id == qdev_id is not None)
        return next((one.reason for one in found), None)

    @property
    def stand_ins(self) -> frozenset[str | None]:
        """The qdev ids of devices that are others in the place of the configured ones."""
        found = (one for one in self.substitutions if EVERY_FIELD in one.unknown)
        return frozenset(one.qdev_id for one in found if one.qdev_id is not None)

    def interface_at(self, address: GuestAddress) -> NetworkInterface | None:
        """The NIC that sits at a guest address, or None."""
        return self._by_address.get(address)

    @cached_property
    def _by_id(self) -> dict[str | None, PlacedFunction]:
        last_first = sorted(self.functions, key=lambda f: f.path, reverse=True)
        return {function.qdev_id: function for function in last_first if function.qdev_id}

    @cached_property
    def _by_path(self) -> dict[TopologyPath, PlacedFunction]:
        return {function.path: function for function in self.functions}

    @cached_property
    def _by_address(self) -> dict[GuestAddress, NetworkInterface]:
        return {nic.address: nic for nic in reversed(self.interfaces)}
