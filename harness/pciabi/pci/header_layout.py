"""The three configuration headers, field by field, and which class each field is.

Sources: PCI Local Bus 3.0, 6.1 to 6.2; PCI-to-PCI Bridge Architecture 1.2, 3.2; PC Card
Standard 8.0, volume 7 (CardBus bridges). Base address registers depend on their own low bits
and stand in `bar_rows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from pciabi.pci import encoding
from pciabi.pci import registers as reg
from pciabi.pci.layout import (
    Notation,
    Row,
    Structure,
    Topic,
    assigned,
    fixed,
    status,
    structure,
    writable,
)

_SOURCES = {
    reg.HEADER_TYPE_NORMAL: "PCI 3.0, 6.1 and 6.2",
    reg.HEADER_TYPE_BRIDGE: "PCI-to-PCI Bridge 1.2, 3.2",
    reg.HEADER_TYPE_CARDBUS: "PC Card Standard 8.0, volume 7",
}
_NAMES = {
    reg.HEADER_TYPE_NORMAL: "type 0 header",
    reg.HEADER_TYPE_BRIDGE: "type 1 header",
    reg.HEADER_TYPE_CARDBUS: "type 2 header",
}


def _about(topic: Topic, *rows: Row) -> tuple[Row, ...]:
    return tuple(replace(row, topic=topic) for row in rows)


_COMMAND = (
    writable("Command: I/O Space", 0x04, 2, 0x0001),
    writable("Command: Memory Space", 0x04, 2, 0x0002),
    writable("Command: Bus Master", 0x04, 2, 0x0004),
    writable("Command: Special Cycles", 0x04, 2, 0x0008),
    writable("Command: Memory Write and Invalidate", 0x04, 2, 0x0010),
    writable("Command: VGA Palette Snoop", 0x04, 2, 0x0020),
    writable("Command: Parity Error Response", 0x04, 2, 0x0040),
    writable("Command: Stepping Control", 0x04, 2, 0x0080),
    writable("Command: SERR# Enable", 0x04, 2, 0x0100),
    writable("Command: Fast Back-to-Back Enable", 0x04, 2, 0x0200),
    writable("Command: Interrupt Disable", 0x04, 2, 0x0400),
)


def _status_rows(name: str, offset: int) -> tuple[Row, ...]:
    return (
        fixed(f"{name}: 66 MHz Capable", offset, 2, 0x0020),
        fixed(f"{name}: Fast Back-to-Back Capable", offset, 2, 0x0080),
        status(f"{name}: Master Data Parity Error", offset, 2, 0x0100),
        fixed(f"{name}: DEVSEL Timing", offset, 2, 0x0600).shown_as(encoding.DEVSEL),
        status(f"{name}: Error Bits", offset, 2, 0xF800),
    )


_COMMON = (
    *_about(Topic.IDENTITY, fixed("Vendor ID", 0x00, 2), fixed("Device ID", 0x02, 2)),
    *_COMMAND,
    fixed("Status: Immediate Readiness", 0x06, 2, 0x0001),
    status("Status: Interrupt Status", 0x06, 2, 0x0008),
    fixed("Status: Capabilities List", 0x06, 2, 0x0010),
    *_status_rows("Status", 0x06),
    *_about(Topic.IDENTITY, fixed("Revision ID", 0x08, 1)),
    *_about(
        Topic.CLASS,
        fixed("Programming Interface", 0x09, 1),
        fixed("Class Code", 0x0A, 2),
    ),
    writable("Cache Line Size", 0x0C, 1),
    writable("Latency Timer", 0x0D, 1),
    fixed("Header Type", 0x0E, 1, 0x7F),
    fixed("Multi-Function Device", 0x0E, 1, 0x80),
    status("BIST: Completion Code", 0x0F, 1, 0x0F),
    status("BIST: Start", 0x0F, 1, 0x40),
    fixed("BIST: Capable", 0x0F, 1, 0x80),
    assigned("Interrupt Line", 0x3C, 1),
    replace(fixed("Interrupt Pin", 0x3D, 1), topic=Topic.INTERRUPT, notation=Notation.PIN),
)

# The pointer itself says where the first capability stands, which the capabilities tell;
# here only its reserved bits count.
_POINTER = assigned("Capabilities Pointer", 0x34, 1, reg.CAPABILITY_POINTER_MASK)


def _rom_rows(offset: int) -> tuple[Row, ...]:
    return _about(
        Topic.ROM,
        writable("Expansion ROM Enable", offset, 4, 0x00000001),
        assigned("Expansion ROM Base Address", offset, 4, reg.ROM_ADDRESS_MASK),
    )


_NORMAL = (
    *_COMMON,
    fixed("CardBus CIS Pointer", 0x28, 4),
    *_about(Topic.IDENTITY, fixed("Subsystem Vendor ID", 0x2C, 2), fixed("Subsystem ID", 0x2E, 2)),
    *_rom_rows(0x30),
    _POINTER,
    fixed("Min_Gnt", 0x3E, 1),
    fixed("Max_Lat", 0x3F, 1),
)

_BRIDGE_CONTROL = (
    writable("Bridge Control: Enables", 0x3E, 2, 0x03FF),
    status("Bridge Control: Discard Timer Status", 0x3E, 2, 0x0400),
    writable("Bridge Control: Discard Timer SERR# Enable", 0x3E, 2, 0x0800),
)

_BRIDGE = (
    *_COMMON,
    assigned("Primary Bus Number", 0x18, 1),
    assigned("Secondary Bus Number", 0x19, 1),
    assigned("Subordinate Bus Number", 0x1A, 1),
    writable("Secondary Latency Timer", 0x1B, 1),
    fixed("I/O Base: Addressing Capability", 0x1C, 1, 0x0F),
    assigned("I/O Base", 0x1C, 1, 0xF0),
    fixed("I/O Limit: Addressing Capability", 0x1D, 1, 0x0F),
    assigned("I/O Limit", 0x1D, 1, 0xF0),
    *_status_rows("Secondary Status", 0x1E),
    assigned("Memory Base", 0x20, 2, 0xFFF0),
    assigned("Memory Limit", 0x22, 2, 0xFFF0),
    fixed("Prefetchable Memory Base: Addressing Capability", 0x24, 2, 0x000F),
    assigned("Prefetchable Memory Base", 0x24, 2, 0xFFF0),
    fixed("Prefetchable Memory Limit: Addressing Capability", 0x26, 2, 0x000F),
    assigned("Prefetchable Memory Limit", 0x26, 2, 0xFFF0),
    assigned("Prefetchable Base Upper 32 Bits", 0x28, 4),
    assigned("Prefetchable Limit Upper 32 Bits", 0x2C, 4),
    assigned("I/O Base Upper 16 Bits", 0x30, 2),
    assigned("I/O Limit Upper 16 Bits", 0x32, 2),
    _POINTER,
    *_rom_rows(0x38),
    *_BRIDGE_CONTROL,
)

_CARDBUS = (
    *_COMMON,
    assigned("Capabilities Pointer", 0x14, 1, reg.CAPABILITY_POINTER_MASK),
    *_status_rows("Secondary Status", 0x16),
    assigned("PCI Bus Number", 0x18, 1),
    assigned("CardBus Bus Number", 0x19, 1),
    assigned("Subordinate Bus Number", 0x1A, 1),
    writable("CardBus Latency Timer", 0x1B, 1),
    assigned("Memory Base 0", 0x1C, 4, 0xFFFFF000),
    assigned("Memory Limit 0", 0x20, 4, 0xFFFFF000),
    assigned("Memory Base 1", 0x24, 4, 0xFFFFF000),
    assigned("Memory Limit 1", 0x28, 4, 0xFFFFF000),
    fixed("I/O Base 0: Addressing Capability", 0x2C, 4, 0x00000003),
    assigned("I/O Base 0", 0x2C, 4, 0xFFFFFFFC),
    assigned("I/O Limit 0", 0x30, 4, 0xFFFFFFFC),
    fixed("I/O Base 1: Addressing Capability", 0x34, 4, 0x00000003),
    assigned("I/O Base 1", 0x34, 4, 0xFFFFFFFC),
    assigned("I/O Limit 1", 0x38, 4, 0xFFFFFFFC),
    writable("Bridge Control", 0x3E, 2, 0x07FF),
)

_ROWS = {
    reg.HEADER_TYPE_NORMAL: _NORMAL,
    reg.HEADER_TYPE_BRIDGE: _BRIDGE,
    reg.HEADER_TYPE_CARDBUS: _CARDBUS,
}


def header_structure(header_type: int, bars: Sequence[int]) -> Structure:
    """The header of this type, `bars` being the raw base address registers it holds.

    A header of an unknown type has the fields that all types share.
    """
    return _header(header_type, tuple(_bar_shapes(bars)))


@cache
def _header(header_type: int, shapes: tuple[str, ...]) -> Structure:
    rows = (*_ROWS.get(header_type, _COMMON), *bar_rows(shapes))
    source = _SOURCES.get(header_type, "PCI 3.0, 6.1")
    name = _NAMES.get(header_type, "unknown header")
    return structure(name, reg.HEADER_SIZE, source, rows, topic=Topic.HEADER)


def _bar_shapes(bars: Sequence[int]) -> list[str]:
    shapes: list[str] = []
    for register in bars:
        if shapes and shapes[-1] == "64":
            shapes.append("upper")
        elif register & reg.BAR_IO:
            shapes.append("io")
        else:
            wide = register & reg.BAR_WIDTH_MASK == reg.BAR_WIDTH_64
            shapes.append("64" if wide else "32")
    return shapes


def bar_rows(shapes: Sequence[str]) -> tuple[Row, ...]:
    """Rows for base address registers: type bits fixed, the address assigned."""
    rows: list[Row] = []
    for index, shape in enumerate(shapes):
        offset = reg.BAR_BASE + 4 * index
        type_mask = {"io": reg.BAR_IO_TYPE_MASK, "upper": 0}.get(shape, reg.BAR_MEMORY_TYPE_MASK)
        if type_mask:
            rows.append(fixed(f"BAR {index} type", offset, 4, type_mask))
        rows.append(assigned(f"BAR {index} base address", offset, 4, ~type_mask))
    return _about(Topic.BAR, *rows)
