"""Virtio devices on PCI: which functions are one, of which type, and where their registers are.

Sources: Virtual I/O Device (VIRTIO) 1.3, 4.1 (Virtio Over PCI Bus) and 5 (Device Types).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.pci import registers as reg
from pciabi.pci.capabilities import conventional_offsets
from pciabi.pci.facts import Key
from pciabi.pci.function import PciFunction

FEATURE_BITS = 128
MOST_QUEUES = 1024
"""More than any device on PCI has: QEMU's own limit, as the MSI-X table has no more vectors."""
LARGEST_QUEUE = 32768

_VENDOR = 0x1AF4
# The types of structures (4.1.4).
_COMMON, _DEVICE, _WINDOW = 1, 4, 5
_COMMON_LENGTH, _CAPABILITY_LENGTH, _WINDOW_LENGTH = 0x38, 16, 20
_LAST_BAR = 5
_FIRST_ID, _FIRST_MODERN_ID, _LAST_ID = 0x1000, 0x1040, 0x107F

TYPE_NAMES: Mapping[int, str] = MappingProxyType(
    {
        1: "network card",
        2: "block device",
        3: "console",
        4: "entropy source",
        5: "memory balloon",
        6: "ioMemory",
        7: "rpmsg",
        8: "SCSI host",
        9: "9P transport",
        16: "GPU device",
        17: "timer",
        18: "input device",
        19: "socket device",
        20: "crypto device",
        22: "pstore",
        23: "IOMMU",
        24: "memory device",
        25: "audio device",
        26: "file system",
        27: "PMEM device",
        28: "RPMB device",
        30: "video encoder",
        31: "video decoder",
        32: "SCMI device",
        34: "I2C adapter",
        36: "CAN device",
        40: "Bluetooth device",
        41: "GPIO device",
    }
)
"""Section 5: device types by their numbers."""


@dataclass(frozen=True)
class VirtioDevice:
    """What a virtio device offers its driver.

    `type` is its number, `features` has a bit for each offered feature, `queue_sizes` the largest
    size of each queue by its index (0: no such queue). `configuration` are the fields of its
    device configuration by name, as text, as far as the device has them.
    """

    type: int
    features: int
    queue_sizes: tuple[int, ...]
    configuration: tuple[tuple[str, str], ...]

    def offers(self, bit: int) -> bool:
        """Whether a feature is offered."""
        return bool(self.features >> bit & 1)


VIRTIO: Key[VirtioDevice | None] = Key("virtio")
"""What a virtio device offers; None where a function is none."""


@dataclass(frozen=True)
class Region:
    """A structure's place in a device's BAR (4.1.4)."""

    bar: int
    offset: int
    length: int


@dataclass(frozen=True)
class ModernLayout:
    """Where a device with virtio capabilities has its structures; `window` is the offset of the
    capability through which configuration space reaches them (4.1.4.9)."""

    window: int
    common: Region
    device: Region | None


def is_virtio(function: PciFunction) -> bool:
    """Whether a function is a virtio device, by its ids (4.1.2)."""
    ids = function.config
    vendor = int.from_bytes(ids[reg.VENDOR_ID : reg.VENDOR_ID + 2], "little")
    return vendor == _VENDOR and _FIRST_ID <= _device_id(function) <= _LAST_ID


def type_of(function: PciFunction) -> int:
    """The device type's number: part of the device id, or the subsystem id of those whose ids
    are older than version 1.0 (4.1.2.1)."""
    device = _device_id(function)
    if device >= _FIRST_MODERN_ID:
        return device - _FIRST_MODERN_ID
    place = reg.SUBSYSTEM_VENDOR_ID + 2
    return int.from_bytes(function.config[place : place + 2], "little")


def type_if_virtio(function: PciFunction) -> int | None:
    """The device type's number of a virtio device, None of any other function."""
    return type_of(function) if is_virtio(function) else None


def modern_layout(function: PciFunction) -> ModernLayout | None:
    """Where the structures of version 1.0 are, None where there is no way to them (4.1.4)."""
    regions: dict[int, Region] = {}
    window = None
    for offset, kind, region in _structures(function.config):
        if kind == _WINDOW:
            window = offset if window is None else window
        else:
            # The first of each is the one to use.
            regions.setdefault(kind, region)
    common = regions.get(_COMMON)
    if window is None or common is None or common.length < _COMMON_LENGTH:
        return None
    return ModernLayout(window, common, regions.get(_DEVICE))


def _structures(config: bytes) -> Iterator[tuple[int, int, Region]]:
    for offset in conventional_offsets(config, reg.CAP_VENDOR):
        # What runs over the edge, or is not where a double word can be, is no such capability.
        if offset % 4 or offset + _CAPABILITY_LENGTH > reg.CONVENTIONAL_SIZE:
            continue
        kind, bar = config[offset + 3], config[offset + 4]
        if kind == _WINDOW and offset + _WINDOW_LENGTH > reg.CONVENTIONAL_SIZE:
            continue
        place, length = (
            int.from_bytes(config[offset + at : offset + at + 4], "little") for at in (8, 12)
        )
        if bar <= _LAST_BAR:
            yield offset, kind, Region(bar, place, length)


def _device_id(function: PciFunction) -> int:
    place = reg.DEVICE_ID
    return int.from_bytes(function.config[place : place + 2], "little")
