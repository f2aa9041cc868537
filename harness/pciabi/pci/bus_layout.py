"""Conventional capabilities of AGP and HyperTransport, field by field.

Sources: AGP 2.0, 6.1.11; HyperTransport 3.10, chapter 7. A HyperTransport capability is of one
of several types, told by its command register.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pciabi.pci.layout import Row, assigned, fixed, status, writable
from pciabi.pci.shape import Shape, constant

AGP = constant(
    "AGP",
    12,
    "AGP 2.0, 6.1.11",
    fixed("AGP Version", 0x02, 1),
    fixed("AGP Capability Flags", 0x03, 1),
    fixed("AGP Status", 0x04, 4),
    writable("AGP Command", 0x08, 4),
)

_SOURCE = "HyperTransport 3.10, 7"
_WIDE_TYPE = fixed("Command: Capability Type", 0x02, 2, 0xE000)
_TYPE = fixed("Command: Capability Type", 0x02, 2, 0xF800)


def _link(name: str, control: int, config: int) -> tuple[Row, ...]:
    return (
        writable(f"{name} Control", control, 2, 0xF08E),
        status(f"{name} Control: State and Errors", control, 2, 0x0F70),
        fixed(f"{name} Config: Maximum Widths", config, 2, 0x00FF),
        writable(f"{name} Config: Widths", config, 2, 0xFF00),
    )


def _frequency(name: str, error: int, capability: int) -> tuple[Row, ...]:
    return (
        writable(f"{name} Frequency", error, 1, 0x0F),
        status(f"{name} Errors", error, 1, 0xF0),
        fixed(f"{name} Frequency Capability", capability, 2),
    )


_PRIMARY = constant(
    "HyperTransport Primary Interface",
    28,
    _SOURCE,
    assigned("Command: Base UnitID", 0x02, 2, 0x001F),
    fixed("Command: Unit Count", 0x02, 2, 0x03E0),
    status("Command: Master Host", 0x02, 2, 0x0400),
    writable("Command: Direction", 0x02, 2, 0x1800),
    _WIDE_TYPE,
    *_link("Link 0", 0x04, 0x06),
    *_link("Link 1", 0x08, 0x0A),
    fixed("Revision", 0x0C, 1),
    *_frequency("Link 0", 0x0D, 0x0E),
    fixed("Features", 0x10, 1),
    *_frequency("Link 1", 0x11, 0x12),
    writable("Enumeration Scratchpad", 0x14, 2),
    writable("Error Handling", 0x16, 2),
    assigned("Memory Base Upper", 0x18, 1),
    assigned("Memory Limit Upper", 0x19, 1),
    assigned("Bus Number", 0x1A, 1),
)

_SECONDARY = constant(
    "HyperTransport Secondary Interface",
    24,
    _SOURCE,
    writable("Command", 0x02, 2, 0x1FFF),
    _WIDE_TYPE,
    *_link("Link", 0x04, 0x06),
    fixed("Revision", 0x08, 1),
    *_frequency("Link", 0x09, 0x0A),
    fixed("Features", 0x0C, 2),
    writable("Enumeration Scratchpad", 0x10, 2),
    writable("Error Handling", 0x12, 2),
    assigned("Memory Base Upper", 0x14, 1),
    assigned("Memory Limit Upper", 0x15, 1),
)

_INTERRUPTS = constant(
    "HyperTransport Interrupt Discovery",
    8,
    _SOURCE,
    writable("Index", 0x02, 2, 0x00FF),
    _TYPE,
    # Shows whatever definition was indexed.
    status("Interrupt Definition", 0x04, 4),
)

_REVISION = constant("HyperTransport Revision ID", 4, _SOURCE, fixed("Revision", 0x02, 1), _TYPE)


def _msi_mapping(raw: bytes) -> Shape:
    rows = (
        writable("Command: MSI Mapping Enable", 0x02, 2, 0x0001),
        fixed("Command: Fixed Address", 0x02, 2, 0x0002),
        _TYPE,
        assigned("Mapping Address", 0x04, 4, 0xFFF00000),
        assigned("Mapping Address, upper", 0x08, 4),
    )
    # A mapping at the architecture's own address has no address registers.
    length = 4 if len(raw) > 2 and raw[2] & 0x02 else 12
    return Shape("HyperTransport MSI Mapping", length, _SOURCE, rows)


_BY_WIDE_TYPE: Mapping[int, Callable[[bytes], Shape]] = {0x0000: _PRIMARY, 0x2000: _SECONDARY}
_BY_TYPE: Mapping[int, Callable[[bytes], Shape]] = {
    0x8000: _INTERRUPTS,
    0x8800: _REVISION,
    0xA800: _msi_mapping,
}


def hypertransport(raw: bytes) -> Shape:
    """The HyperTransport capability that begins with these bytes; of a type without a layout
    every byte counts as fixed."""
    command = int.from_bytes(raw[2:4], "little")
    layout = _BY_WIDE_TYPE.get(command & 0xE000) or _BY_TYPE.get(command & 0xF800)
    if layout is not None:
        return layout(raw)
    rows = tuple(fixed(f"data at 0x{offset:02x}", offset, 1) for offset in range(2, len(raw)))
    return Shape(f"HyperTransport type 0x{command >> 11:02x}", len(raw), _SOURCE, rows)
