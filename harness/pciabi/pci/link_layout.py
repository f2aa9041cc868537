"""Extended capabilities of a PCI Express link, whose registers repeat for each lane.

Sources: PCI Express Base 5.0, 7.7.3 to 7.7.7; 6.0, 7.7.7 and 7.7.9. Equalization presets are
HwInit: fixed. What comes out of training and margining is status.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pciabi.pci import registers as reg
from pciabi.pci.layout import Row, fixed, status, writable
from pciabi.pci.shape import Shape

LaneLayout = Callable[[int], Shape]
"""From the maximum link width of the function's PCI Express capability."""


def _secondary(lanes: int) -> Shape:
    rows = (
        writable("Link Control 3", 0x04, 4, 0x0000FE03),
        status("Lane Error Status", 0x08, 4),
        *(fixed(f"Lane {lane} Equalization", 0x0C + 2 * lane, 2) for lane in range(lanes)),
    )
    # The table fills whole double words.
    return Shape("Secondary PCI Express", 0x0C + (2 * lanes + 3 & ~3), "PCIe Base 5.0, 7.7.3", rows)


def _presets(name: str, start: int, source: str, *rows: Row) -> LaneLayout:
    """A capability that ends in one byte of transmitter presets for each lane."""

    def shape(lanes: int) -> Shape:
        table = (fixed(f"Lane {lane} Equalization", start + lane, 1) for lane in range(lanes))
        return Shape(name, start + (lanes + 3 & ~3), source, (*rows, *table))

    return shape


_PHYSICAL_16GT = _presets(
    "Physical Layer 16.0 GT/s",
    0x20,
    "PCIe Base 5.0, 7.7.5",
    fixed("16 GT/s Capabilities", 0x04, 4),
    writable("16 GT/s Control", 0x08, 4),
    status("16 GT/s Status", 0x0C, 4),
    status("Local Data Parity Mismatch", 0x10, 4),
    status("First Retimer Data Parity Mismatch", 0x14, 4),
    status("Second Retimer Data Parity Mismatch", 0x18, 4),
)

_PHYSICAL_32GT = _presets(
    "Physical Layer 32.0 GT/s",
    0x20,
    "PCIe Base 5.0, 7.7.6",
    fixed("32 GT/s Capabilities", 0x04, 4),
    writable("32 GT/s Control", 0x08, 4),
    status("32 GT/s Status", 0x0C, 4),
    status("Received Modified TS Data 1", 0x10, 4),
    status("Received Modified TS Data 2", 0x14, 4),
    status("Transmitted Modified TS Data 1", 0x18, 4),
    status("Transmitted Modified TS Data 2", 0x1C, 4),
)

_PHYSICAL_64GT = _presets(
    "Physical Layer 64.0 GT/s",
    0x10,
    "PCIe Base 6.0, 7.7.7",
    fixed("64 GT/s Capabilities", 0x04, 4),
    writable("64 GT/s Control", 0x08, 4),
    status("64 GT/s Status", 0x0C, 4),
)


def _lane_margining(lanes: int) -> Shape:
    rows: list[Row] = [
        fixed("Margining uses Driver Software", 0x04, 2, 0x0001),
        status("Margining Ready", 0x06, 2, 0x0003),
    ]
    for lane in range(lanes):
        rows += [
            writable(f"Lane {lane} Margining Control", 0x08 + 4 * lane, 2),
            status(f"Lane {lane} Margining Status", 0x0A + 4 * lane, 2),
        ]
    return Shape("Lane Margining", 0x08 + 4 * lanes, "PCIe Base 5.0, 7.7.7", tuple(rows))


PER_LANE: Mapping[int, LaneLayout] = {
    reg.EXT_SECONDARY_EXPRESS: _secondary,
    reg.EXT_PHYSICAL_16GT: _PHYSICAL_16GT,
    reg.EXT_PHYSICAL_32GT: _PHYSICAL_32GT,
    reg.EXT_PHYSICAL_64GT: _PHYSICAL_64GT,
    reg.EXT_LANE_MARGINING: _lane_margining,
}
