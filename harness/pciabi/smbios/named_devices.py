"""The PCI devices and slots that an SMBIOS table gives a name: structures of types 9 and 41. Pure.

Source: DMTF, DSP0134, System Management BIOS Reference Specification 3.7, 7.10 (System Slots) and
7.42 (Onboard Devices Extended Information).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.pci.address import GuestAddress
from pciabi.pci.function import Stored
from pciabi.smbios.structures import Structure

_SLOT, _ONBOARD = 9, 41
_DESIGNATION = 0x04
_NAMES: Mapping[int, str] = MappingProxyType(
    {_SLOT: "System Slots", _ONBOARD: "Onboard Devices Extended Information"}
)
# Of each: type, number, segment group, bus, device and function; what is in between is left out.
_PARTS: Mapping[int, struct.Struct] = MappingProxyType(
    {_SLOT: struct.Struct("<5xB3xH2xHBB"), _ONBOARD: struct.Struct("<5xBBHBB")}
)
# Of an onboard device; of slots there are over a hundred, which stay numbers.
_ENABLED = 1 << 7
_SORTS: Mapping[int, str] = MappingProxyType(
    {
        0x01: "Other",
        0x02: "Unknown",
        0x03: "Video",
        0x04: "SCSI Controller",
        0x05: "Ethernet",
        0x06: "Token Ring",
        0x07: "Sound",
        0x08: "PATA Controller",
        0x09: "SATA Controller",
        0x0A: "SAS Controller",
        0x0B: "Wireless LAN",
        0x0C: "Bluetooth",
        0x0D: "WWAN",
        0x0E: "eMMC",
        0x0F: "NVMe Controller",
        0x10: "UFS Controller",
    }
)
# What is not on PCI has ones in all of its place.
_NOWHERE = (0xFFFF, 0xFF, 0xFF)


@dataclass(frozen=True)
class NamedDevice(Stored):
    """What a structure says of one place on PCI: `address` is a guest address, or None for what
    is not on PCI. `sort` is the device type of an onboard device, or the slot type; `number` its
    device type instance, of which Linux makes `eno1`, or its slot id."""

    structure: str
    address: str | None
    designation: str | None
    sort: str
    number: int

    def __str__(self) -> str:
        return ", ".join((self.designation or "no designation", self.sort, str(self.number)))


def named_devices(structures: Iterable[Structure]) -> Iterator[NamedDevice]:
    """The devices and slots that are named; structures of older versions are too short to tell a
    place, and left out."""
    for structure in structures:
        parts = _PARTS.get(structure.type)
        if parts is None or len(structure.formatted) < parts.size:
            continue
        sort, number, *place = parts.unpack_from(structure.formatted)
        yield NamedDevice(
            _NAMES[structure.type],
            _address(*place),
            structure.string(_DESIGNATION),
            _sort(structure.type, sort),
            number,
        )


def _address(segment: int, bus: int, devfn: int) -> str | None:
    if (segment, bus, devfn) == _NOWHERE:
        return None
    return str(GuestAddress(segment, bus, devfn >> 3, devfn & 7))


def _sort(structure_type: int, sort: int) -> str:
    if structure_type == _SLOT:
        return f"slot type {sort:#04x}"
    name = _SORTS.get(sort & ~_ENABLED, f"device type {sort & ~_ENABLED:#04x}")
    return name if sort & _ENABLED else f"{name}, disabled"
