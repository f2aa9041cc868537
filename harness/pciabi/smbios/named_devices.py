"""The PCI devices and slots that an SMBIOS table gives a name: structures of types 9 and 41. Pure.

Source: DMTF, DSP0134, System Management BIOS Reference Specification 3.7, 7.10 (System Slots) and
7.42 (Onboard Devices Extended Information).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.pci.address import GuestAddress
from pciabi.smbios.structures import Structure

_SLOT, _ONBOARD = 9, 41
_DESIGNATION = 0x04
# Segment group, bus, device and function.
_PLACE = struct.Struct("<HBB")


@dataclass(frozen=True)
class _Layout:
    """Where such a structure has its parts: what sort of thing it names, in so many bytes, the
    number by which a guest tells it from others, and the place on PCI."""

    name: str
    sort: int
    number: int
    number_bytes: int
    place: int


_LAYOUTS: Mapping[int, _Layout] = MappingProxyType(
    {
        _SLOT: _Layout("System Slots", sort=0x05, number=0x09, number_bytes=2, place=0x0D),
        _ONBOARD: _Layout(
            "Onboard Devices Extended Information",
            sort=0x05,
            number=0x06,
            number_bytes=1,
            place=0x07,
        ),
    }
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
class NamedDevice:
    """What a structure says of one place on PCI. `sort` is the device type of an onboard device,
    or the slot type; `number` its device type instance, or its slot id, by which Linux makes
    `eno1`. `address` is None for what is not on PCI."""

    structure: str
    address: GuestAddress | None
    designation: str | None
    sort: str
    number: int


def named_devices(structures: tuple[Structure, ...]) -> Iterator[NamedDevice]:
    """The devices and slots that have a name and can have a place; older structures are too short
    to tell any."""
    for structure in structures:
        layout = _LAYOUTS.get(structure.type)
        if layout is None or len(structure.formatted) < layout.place + _PLACE.size:
            continue
        number_end = layout.number + layout.number_bytes
        yield NamedDevice(
            layout.name,
            _address(*_PLACE.unpack_from(structure.formatted, layout.place)),
            structure.string(_DESIGNATION),
            _sort(structure.type, structure.formatted[layout.sort]),
            int.from_bytes(structure.formatted[layout.number : number_end], "little"),
        )


def _address(segment: int, bus: int, devfn: int) -> GuestAddress | None:
    if (segment, bus, devfn) == _NOWHERE:
        return None
    return GuestAddress(segment, bus, devfn >> 3, devfn & 7)


def _sort(structure_type: int, sort: int) -> str:
    if structure_type == _SLOT:
        return f"slot type {sort:#04x}"
    name = _SORTS.get(sort & ~_ENABLED, f"device type {sort & ~_ENABLED:#04x}")
    return name if sort & _ENABLED else f"{name}, disabled"
