"""What a snapshot is: all PCI functions of one VM at one time, with provenance. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.facts import UNREAD, Facts, Key
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


@dataclass(frozen=True)
class Interface:
    """A network interface as it is kept with the function that it is on; as in
    `NetworkInterface`."""

    mac: str
    driver: str | None
    name: str | None
    candidates: tuple[tuple[str, str], ...]


INTERFACES: Key[tuple[Interface, ...]] = Key("interfaces")
"""The network interfaces that a guest has on a function, the first of which speaks for it."""

MADE_UP = "pciabi-"
"""Begins the ids that pciabi gives to devices without one, of which something is not known."""


def is_made_up(qdev_id: str | None) -> bool:
    """Whether an id is pciabi's own, which says nothing of the device."""
    return qdev_id is not None and qdev_id.startswith(MADE_UP)


@dataclass(frozen=True)
class PlacedFunction:
    """A function with its place in the topology and QEMU's word for what it is.

    `qdev_id` is QEMU's `id=`, None for a built-in device; `device` is QEMU's type name
    (`virtio-net-pci`), None where only the guest was asked. Where the source does not tell the
    path, `path_is_read` is false and `path` is made of the guest address.
    """

    function: PciFunction
    path: TopologyPath
    qdev_id: str | None
    device: str | None
    path_is_read: bool = True

    @property
    def address(self) -> GuestAddress:
        """Where the guest sees it."""
        return self.function.address

    @property
    def facts(self) -> Facts:
        """What was read of it, by families of facts."""
        return self.function.facts

    def having(self, facts: Facts) -> PlacedFunction:
        """This function with these facts in place of its own."""
        return replace(self, function=replace(self.function, facts=facts))

    @property
    def stated_id(self) -> str | None:
        """The qdev id that the configuration gives it, None where it gives none."""
        return None if is_made_up(self.qdev_id) else self.qdev_id


def path_made_of(address: GuestAddress) -> TopologyPath:
    """What stands for a path that the source does not tell: the address, as if its bus were a
    root bus."""
    return TopologyPath(address.domain << 8 | address.bus, ((address.slot, address.function),))


@dataclass(frozen=True)
class Provenance:
    """How a snapshot came to be.

    `qemu_version` is `7.2.22`, `qemu_package` the whole version line QEMU prints (it names the
    distribution's package, or that stands behind it); `machine` is always a versioned machine type.
    `libvirt` is the version of the libvirt whose words the command line is in, empty where it is
    nobody's but the user's.
    """

    probe: str
    qemu_version: str
    qemu_package: str
    machine: str
    accelerator: str
    firmware: str
    guest: str
    command_line: tuple[str, ...]
    libvirt: str = ""


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

SMBIOS_TABLES = "SMBIOS tables"
"""In `Substitution.unknown`: an option that decides what SMBIOS tells was left out."""

ACPI_TABLES = "ACPI tables"
"""In `Substitution.unknown`: something that adds ACPI tables was left out."""


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

    `unreachable`, `substitutions` and `creations` are empty where the probe cannot tell; `facts`
    are those of the machine as a whole.
    """

    functions: tuple[PlacedFunction, ...]
    provenance: Provenance
    unreachable: tuple[Unreachable, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    creations: tuple[Creation, ...] = ()
    facts: Facts = field(default_factory=Facts)

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

    @cached_property
    def stand_ins(self) -> frozenset[str | None]:
        """The qdev ids of devices that are others in the place of the configured ones."""
        found = (one for one in self.substitutions if EVERY_FIELD in one.unknown)
        return frozenset(one.qdev_id for one in found if one.qdev_id is not None)

    @property
    def interfaces(self) -> tuple[NetworkInterface, ...]:
        """All network interfaces that the guest has on PCI; none where no guest was asked."""
        return tuple(nic for function in self.functions for nic in interfaces_of(function))

    def interface_at(self, address: GuestAddress) -> NetworkInterface | None:
        """The NIC that sits at a guest address, or None."""
        function = self._by_address.get(address)
        return next(iter(interfaces_of(function)), None) if function is not None else None

    @cached_property
    def _by_id(self) -> dict[str | None, PlacedFunction]:
        last_first = sorted(self.functions, key=lambda f: f.path, reverse=True)
        return {function.qdev_id: function for function in last_first if function.qdev_id}

    @cached_property
    def _by_path(self) -> dict[TopologyPath, PlacedFunction]:
        return {function.path: function for function in self.functions}

    @cached_property
    def _by_address(self) -> dict[GuestAddress, PlacedFunction]:
        return {function.address: function for function in reversed(self.functions)}


def interfaces_of(function: PlacedFunction) -> tuple[NetworkInterface, ...]:
    """The network interfaces on a function; none where no guest was asked."""
    interfaces = function.facts.get(INTERFACES)
    if interfaces is UNREAD:
        return ()
    return tuple(
        NetworkInterface(function.address, one.mac, one.driver, one.name, one.candidates)
        for one in interfaces
    )
