"""Designated vendor-specific capabilities, those of Compute Express Link field by field.

Source: Compute Express Link 3.1, 8.1.3 to 8.1.9 (table 8-2 lists the ids). What another vendor
designates has no layout here: every byte counts as fixed, so that no difference is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pciabi.pci import registers as reg
from pciabi.pci.layout import Notation, Row, assigned, dword, fixed, status, writable
from pciabi.pci.shape import Shape

_HEAD = (
    fixed("DVSEC Vendor ID", 0x04, 4, 0x0000FFFF),
    fixed("DVSEC Revision", 0x04, 4, 0x000F0000),
    fixed("DVSEC Length", 0x04, 4, 0xFFF00000),
    fixed("DVSEC ID", 0x08, 2),
)
_HEAD_LENGTH = 0x0A
_ANY_SOURCE = "PCIe Base 5.0, 7.9.6; no public layout"


def _range(number: int, base: int) -> tuple[Row, ...]:
    name = f"Range {number}"
    return (
        fixed(f"{name} Size High", base, 4),
        status(f"{name}: Memory Valid, Memory Active", base + 4, 4, 0x00000003),
        fixed(f"{name} Size Low", base + 4, 4, 0xFFFFFFFC).shown_as(Notation.ADDRESS),
        assigned(f"{name} Base High", base + 8, 4),
        assigned(f"{name} Base Low", base + 12, 4, 0xF0000000),
    )


_DEVICE = (
    fixed("CXL Capability", 0x0A, 2),
    writable("CXL Control", 0x0C, 2),
    status("CXL Status", 0x0E, 2),
    writable("CXL Control 2", 0x10, 2),
    status("CXL Status 2", 0x12, 2),
    writable("CXL Lock", 0x14, 2),
    fixed("CXL Capability 2", 0x16, 2),
    *_range(1, 0x18),
    *_range(2, 0x28),
    fixed("CXL Capability 3", 0x38, 2),
)

_PORT_EXTENSIONS = (
    status("Port Extension Status", 0x0A, 2),
    writable("Port Control Override", 0x0C, 2),
    assigned("Alternate Bus Base", 0x0E, 1),
    assigned("Alternate Bus Limit", 0x0F, 1),
    assigned("Alternate Memory Base", 0x10, 2),
    assigned("Alternate Memory Limit", 0x12, 2),
    assigned("Alternate Prefetchable Base", 0x14, 2),
    assigned("Alternate Prefetchable Limit", 0x16, 2),
    assigned("Alternate Prefetchable Base, upper", 0x18, 4),
    assigned("Alternate Prefetchable Limit, upper", 0x1C, 4),
    assigned("RCRB Base", 0x20, 4),
    assigned("RCRB Base, upper", 0x24, 4),
)

_PORT_FLUSH = (
    writable("GPF Phase 1 Control", 0x0C, 2),
    writable("GPF Phase 2 Control", 0x0E, 2),
)

_DEVICE_FLUSH = (
    fixed("GPF Phase 2 Duration", 0x0A, 2),
    fixed("GPF Phase 2 Power", 0x0C, 4),
)

_FLEX_BUS = (
    fixed("Flex Bus Capability", 0x0A, 2),
    writable("Flex Bus Control", 0x0C, 2),
    # What the two ends of the link agreed on.
    status("Flex Bus Status", 0x0E, 2),
    status("Received Modified TS Data", 0x10, 4),
    fixed("Flex Bus Capability 2", 0x14, 4),
    writable("Flex Bus Control 2", 0x18, 4),
    status("Flex Bus Status 2", 0x1C, 4),
)


def _register_blocks(length: int) -> tuple[Row, ...]:
    rows: list[Row] = []
    for number, base in enumerate(range(0x0C, length - 7, 8), start=1):
        rows += [
            fixed(f"Register Block {number} BAR", base, 4, 0x00000007),
            fixed(f"Register Block {number} Identifier", base, 4, 0x0000FF00),
            fixed(f"Register Block {number} Offset", base, 4, 0xFFFF0000).shown_as(
                Notation.ADDRESS
            ),
            fixed(f"Register Block {number} Offset, upper", base + 4, 4),
        ]
    return tuple(rows)


_CXL: Mapping[int, tuple[str, Callable[[int], tuple[Row, ...]]]] = {
    0: ("CXL Device", lambda _length: _DEVICE),
    3: ("CXL Extensions for Ports", lambda _length: _PORT_EXTENSIONS),
    4: ("CXL Global Persistent Flush, port", lambda _length: _PORT_FLUSH),
    5: ("CXL Global Persistent Flush, device", lambda _length: _DEVICE_FLUSH),
    7: ("CXL Flex Bus Port", lambda _length: _FLEX_BUS),
    8: ("CXL Register Locator", _register_blocks),
}


def designated(raw: bytes) -> Shape:
    """The designated vendor-specific capability that begins with these bytes."""
    head = dword(raw, 0x04)
    length = max(head >> 20, _HEAD_LENGTH)
    number = int.from_bytes(raw[8:10], "little")
    if head & 0xFFFF == reg.VENDOR_CXL and number in _CXL:
        name, rows = _CXL[number]
        return Shape(name, length, "CXL 3.1, 8.1", (*_HEAD, *rows(length)))
    content = (
        fixed(f"vendor data at 0x{offset:02x}", offset, 1) for offset in range(_HEAD_LENGTH, length)
    )
    return Shape("Designated Vendor-Specific", length, _ANY_SOURCE, (*_HEAD, *content))
