"""What an SMBIOS table calls the machine: the strings and the UUID of the structures of types 1
to 3, by the specification's names. Pure.

Source: DMTF, DSP0134, System Management BIOS Reference Specification 3.7, 7.2 to 7.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.pci.function import Stored
from pciabi.smbios.entry_point import EntryPoint
from pciabi.smbios.structures import Structure

_SYSTEM, _BASEBOARD, _CHASSIS = 1, 2, 3
_NAMES: Mapping[int, str] = MappingProxyType(
    {
        _SYSTEM: "System Information",
        _BASEBOARD: "Baseboard Information",
        _CHASSIS: "System Enclosure or Chassis",
    }
)

_STRINGS: Mapping[int, Mapping[int, str]] = MappingProxyType(
    {
        _SYSTEM: {
            0x04: "Manufacturer",
            0x05: "Product Name",
            0x06: "Version",
            0x07: "Serial Number",
            0x19: "SKU Number",
            0x1A: "Family",
        },
        _BASEBOARD: {
            0x04: "Manufacturer",
            0x05: "Product",
            0x06: "Version",
            0x07: "Serial Number",
            0x08: "Asset Tag",
            0x0A: "Location in Chassis",
        },
        _CHASSIS: {
            0x04: "Manufacturer",
            0x06: "Version",
            0x07: "Serial Number",
            0x08: "Asset Tag Number",
        },
    }
)
_SKU = "SKU Number"
# Of a chassis: how many elements it contains and how long each is, and where they begin.
_ELEMENT_COUNT, _ELEMENT_BYTES, _ELEMENTS = 0x13, 0x14, 0x15

_UUID, _UUID_BYTES = 0x08, 16
# Neither is one: the machine has none, or has none yet.
_NO_UUID = (b"\0" * _UUID_BYTES, b"\xff" * _UUID_BYTES)
# The first version whose UUIDs have their first three fields in little-endian order.
_LITTLE_ENDIAN_UUIDS = (2, 6)


@dataclass(frozen=True)
class NamedField(Stored):
    """A text that names the machine: which structure has it in which field."""

    structure: str
    field: str
    text: str


def named_fields(entry: EntryPoint, structures: Iterable[Structure]) -> Iterator[NamedField]:
    """Every text by which the table calls the machine, those that are not given left out.

    A second structure of one type is called `Baseboard Information 2`.
    """
    seen: dict[int, int] = {}
    for structure in structures:
        name = _NAMES.get(structure.type)
        if name is None:
            continue
        seen[structure.type] = ordinal = seen.get(structure.type, 0) + 1
        title = name if ordinal == 1 else f"{name} {ordinal}"
        for field, text in _texts(entry, structure):
            if text is not None:
                yield NamedField(title, field, text)


def _texts(entry: EntryPoint, structure: Structure) -> Iterator[tuple[str, str | None]]:
    for offset, field in _STRINGS[structure.type].items():
        yield field, structure.string(offset)
    if structure.type == _SYSTEM:
        yield "UUID", _uuid(entry, structure)
    if structure.type == _CHASSIS:
        yield _SKU, _chassis_sku(structure)


def _uuid(entry: EntryPoint, structure: Structure) -> str | None:
    data = structure.formatted[_UUID : _UUID + _UUID_BYTES]
    if len(data) < _UUID_BYTES or data in _NO_UUID:
        return None
    # Most machines have none.
    import uuid

    if (entry.major, entry.minor) >= _LITTLE_ENDIAN_UUIDS:
        return str(uuid.UUID(bytes_le=data))
    return str(uuid.UUID(bytes=data))


def _chassis_sku(structure: Structure) -> str | None:
    """It stands behind the elements that the chassis contains."""
    data = structure.formatted
    if len(data) < _ELEMENTS:
        return None
    return structure.string(_ELEMENTS + data[_ELEMENT_COUNT] * data[_ELEMENT_BYTES])
