"""What Linux and Windows guests make of a change, each with the source of that knowledge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.abi.change import Change, Consequence, Harm, Outcome
from pciabi.abi.facts import root_bridges
from pciabi.abi.facts.interfaces import RENAMED
from pciabi.abi.facts.topology import APPEARED, MOVED, RENUMBERED, VANISHED
from pciabi.abi.field_kinds import IDENTITY
from pciabi.abi.judgement import Severity
from pciabi.abi.kind import Kind
from pciabi.abi.snapshot import NetworkInterface, PlacedFunction, interfaces_of
from pciabi.pci import registers as reg
from pciabi.pci.capabilities import extended_offsets
from pciabi.pci.config_space import decode
from pciabi.pci.layout import Topic

_UDEV = "the guest's own udev (net_id builtin)"
_NET_ID = "systemd.net-naming-scheme(7): names come from slot, path or MAC"
_PATH_ID = "udev's path_id builtin: /dev/disk/by-path names hold the PCI address"
_INSTANCE_IDS = (
    'Microsoft, "Instance IDs": serial number information if the bus supports it, '
    "else some kind of location information"
)
_DEVICE_INSTANCE_IDS = (
    'Microsoft, "Device instance IDs": made of the device id, the instance id and the UniqueID '
    "of the device's capabilities"
)
_PCI_IDENTIFIERS = (
    'Microsoft, "Identifiers for PCI Devices": the device id is '
    "PCI\\VEN_v(4)&DEV_d(4)&SUBSYS_s(4)n(4)&REV_r(2)"
)
_BELOW_ROOT_BRIDGE = (
    "Windows registries that are public: a root bridge is ACPI\\<_HID>\\<_UID>, and the instance "
    "id of each PCI device is made of it"
)
_ALL_NEW_NODES = (
    "Windows sees every PCI device below the root bridge as a new one: it installs them afresh, "
    "and their settings do not follow"
)
_NAMING_OBJECTS = ("_HID", "_UID")
_NEW_NODE = "Windows sees a new device: it installs it afresh, and its settings do not follow"

_NODE_TAKEN_OVER = (
    "Windows finds a device with the same ids where another one stood: it keeps the node of that "
    "place, and what was set for the other device now holds for this one"
)
_NODE_LEFT = (
    "Windows finds a device with the same ids in this one's place: the node stays, and what was "
    "set for this device now holds for that one"
)
_NODE_KEPT = "Windows keeps the device node: neither its ids nor its location are touched"
_SERIAL_OR_PLACE = (
    "not known: the device has a Device Serial Number, and whether Windows keys it by that or "
    "by its location takes a Windows guest to see"
)
_SERIAL_CHANGED = (
    "not known: the Device Serial Number differs, and whether Windows keys the device by it "
    "takes a Windows guest to see"
)
_BUS_NUMBER = (
    "not known: whether the location in the instance id holds the bus number is not "
    "documented, and takes a Windows guest to see"
)

_Reading = tuple[str, int]
_Answer = tuple[Outcome, str, str]
_PRESENCE_ANSWERS: Mapping[Kind, _Answer] = MappingProxyType(
    {
        VANISHED: (Outcome.CHANGED, "Windows loses the device", _DEVICE_INSTANCE_IDS),
        APPEARED: (
            Outcome.CHANGED,
            "Windows finds and installs a new device",
            _DEVICE_INSTANCE_IDS,
        ),
    }
)

_CLASS_STORAGE = 0x01
_CLASS_NETWORK = 0x02


@dataclass(frozen=True)
class Sight:
    """One device as the two guests have it.

    `predecessor` is what stood before where it is now, `successor` what stands now where it was;
    None where nothing does, or the device itself.
    """

    before: PlacedFunction | None
    after: PlacedFunction | None
    predecessor: PlacedFunction | None
    successor: PlacedFunction | None

    @property
    def interface_before(self) -> NetworkInterface | None:
        """Its interface in the earlier guest, None where it is no NIC or no guest was asked."""
        return _interface(self.before)

    @property
    def interface_after(self) -> NetworkInterface | None:
        """Its interface in the later guest."""
        return _interface(self.after)

    @property
    def name_before(self) -> str | None:
        """The predictable interface name before, None where there was or is known none."""
        return self.interface_before.name if self.interface_before else None

    @property
    def name_after(self) -> str | None:
        """The predictable interface name after."""
        return self.interface_after.name if self.interface_after else None


def _interface(side: PlacedFunction | None) -> NetworkInterface | None:
    return next(iter(interfaces_of(side)), None) if side is not None else None


def consequences(change: Change, sight: Sight) -> tuple[Consequence, ...]:
    """What guest operating systems make of a change; nothing for a benign one."""
    if change.severity is Severity.BENIGN:
        return ()
    windows = _windows(change, sight)
    linux = _linux(change, sight)
    return tuple(found for found in (linux, windows) if found is not None)


def machine_consequences(change: Change) -> tuple[Consequence, ...]:
    """What guest operating systems make of a change of the machine as a whole."""
    named = change.kind == root_bridges.CHANGED and change.field.startswith(_NAMING_OBJECTS)
    if not named:
        return ()
    answer = Outcome.CHANGED, _ALL_NEW_NODES, _BELOW_ROOT_BRIDGE
    return (Consequence(Harm.WINDOWS_IDENTITY, *answer),)


def _linux(change: Change, sight: Sight) -> Consequence | None:
    if change.kind not in (
        MOVED,
        RENUMBERED,
        RENAMED,
        VANISHED,
        APPEARED,
    ):
        return None
    known = sight.before or sight.after
    base_class = known.function.config[reg.CLASS_CODE + 2] if known else None
    if base_class == _CLASS_NETWORK or sight.interface_before or sight.interface_after:
        return _linux_interface(change, sight)
    if base_class == _CLASS_STORAGE and change.address_before != change.address_after:
        return Consequence(
            Harm.LINUX_NAME,
            Outcome.CHANGED,
            "links below /dev/disk/by-path change; names by UUID or label stay",
            _PATH_ID,
        )
    return None


def _linux_interface(change: Change, sight: Sight) -> Consequence:
    before, after = sight.name_before, sight.name_after
    if change.kind == VANISHED:
        message = f"interface {before} is gone" if before else "an interface is gone"
        return Consequence(Harm.LINUX_NAME, Outcome.CHANGED, message, _UDEV)
    if change.kind == APPEARED:
        message = f"a new interface {after} appears" if after else "a new interface appears"
        return Consequence(Harm.LINUX_NAME, Outcome.CHANGED, message, _UDEV)
    if before is None or after is None:
        message = "the interface name before and after is not known: it takes a boot to see it"
        return Consequence(Harm.LINUX_NAME, Outcome.UNKNOWN, message, _NET_ID)
    if before == after:
        message = f"the interface stays {before}"
        return Consequence(Harm.LINUX_NAME, Outcome.KEPT, message, _UDEV)
    message = f"the interface is renamed from {before} to {after}"
    return Consequence(Harm.LINUX_NAME, Outcome.CHANGED, message, _UDEV)


def _windows(change: Change, sight: Sight) -> Consequence | None:
    answer = _other_ones_node(change, sight)
    answer = answer or _PRESENCE_ANSWERS.get(change.kind) or _windows_answer(change, sight)
    if answer is None:
        return None
    return Consequence(Harm.WINDOWS_IDENTITY, *answer)


def _other_ones_node(change: Change, sight: Sight) -> _Answer | None:
    """A node is named by ids and place: another device with the same ids, in the same place, has
    the same one."""
    if change.kind in (MOVED, APPEARED) and _alike(sight.predecessor, sight.after):
        return Outcome.CHANGED, _NODE_TAKEN_OVER, _DEVICE_INSTANCE_IDS
    if change.kind == VANISHED and _alike(sight.successor, sight.before):
        return Outcome.CHANGED, _NODE_LEFT, _DEVICE_INSTANCE_IDS
    return None


def _alike(one: PlacedFunction | None, two: PlacedFunction | None) -> bool:
    """Windows cannot tell them apart by their ids, and has no serial number to do so."""
    if one is None or two is None or _serial_number(one) or _serial_number(two):
        return False
    return _windows_ids(one) == _windows_ids(two)


def _windows_answer(change: Change, sight: Sight) -> _Answer | None:
    if change.kind == RENAMED:
        return None
    if change.kind == IDENTITY:
        return Outcome.CHANGED, f"{_NEW_NODE} (its device id differs)", _PCI_IDENTIFIERS
    if change.kind == MOVED:
        if _serial_numbers(sight) != (None, None):
            return Outcome.UNKNOWN, _SERIAL_OR_PLACE, _INSTANCE_IDS
        return Outcome.CHANGED, f"{_NEW_NODE} (its location differs)", _INSTANCE_IDS
    if change.kind == RENUMBERED:
        return Outcome.UNKNOWN, _BUS_NUMBER, _INSTANCE_IDS
    if not _identifiable(change, sight):
        return None
    before, after = _serial_numbers(sight)
    if before != after:
        return Outcome.UNKNOWN, _SERIAL_CHANGED, _INSTANCE_IDS
    return Outcome.KEPT, _NODE_KEPT, _DEVICE_INSTANCE_IDS


def _identifiable(change: Change, sight: Sight) -> bool:
    """Nothing else about the device bears on its node; a move or new id speaks for itself."""
    return (
        change.path_before == change.path_after
        and change.address_before == change.address_after
        and _windows_ids(sight.before) == _windows_ids(sight.after)
    )


def _windows_ids(side: PlacedFunction | None) -> tuple[_Reading, ...]:
    if side is None:
        return ()
    return tuple(
        (value.field.name, value.value)
        for value in decode(side.function.config).fields()
        if value.field.topic is Topic.IDENTITY
    )


def _serial_numbers(sight: Sight) -> tuple[bytes | None, bytes | None]:
    """The raw Device Serial Number before and after, None where there is none."""
    return _serial_number(sight.before), _serial_number(sight.after)


def _serial_number(side: PlacedFunction | None) -> bytes | None:
    if side is None:
        return None
    config = side.function.config
    found = extended_offsets(config, reg.EXT_SERIAL_NUMBER)
    return config[found[0] + 4 : found[0] + 12] if found else None
