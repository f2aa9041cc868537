"""Extended capabilities about BARs, virtual functions, multicast and power, field by field.

Sources: PCI Express Base 5.0, 7.8.1, 7.8.6, 7.9.9, 7.9.11 and 7.9.12; Single Root I/O
Virtualization 1.1, 3.3 and 3.7.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pciabi.pci import encoding
from pciabi.pci import registers as reg
from pciabi.pci.layout import Row, assigned, dword, fixed, status, writable
from pciabi.pci.shape import Shape, constant

_MOST_BARS = 6


def _sriov(raw: bytes) -> Shape:
    rows = [
        fixed("SR-IOV Capabilities", 0x04, 4, 0x0000FFFF),
        status("SR-IOV Interrupt Message Number", 0x04, 4, 0xFFE00000),
        writable("SR-IOV Control", 0x08, 2),
        status("SR-IOV Status", 0x0A, 2),
        fixed("InitialVFs", 0x0C, 2),
        fixed("TotalVFs", 0x0E, 2),
        writable("NumVFs", 0x10, 2),
        fixed("Function Dependency Link", 0x12, 1),
        fixed("First VF Offset", 0x14, 2),
        fixed("VF Stride", 0x16, 2),
        fixed("VF Device ID", 0x1A, 2),
        fixed("Supported Page Sizes", 0x1C, 4).shown_as(encoding.PAGE_SIZES),
        writable("System Page Size", 0x20, 4).shown_as(encoding.PAGE_SIZES),
        fixed("VF Migration State Array", 0x3C, 4),
    ]
    upper = False
    for index in range(_MOST_BARS):
        offset = 0x24 + 4 * index
        register = dword(raw, offset)
        type_mask = 0 if upper else reg.BAR_MEMORY_TYPE_MASK
        if type_mask:
            rows.append(fixed(f"VF BAR {index} type", offset, 4, type_mask))
        rows.append(assigned(f"VF BAR {index} base address", offset, 4, ~type_mask))
        wide = register & reg.BAR_MEMORY_TYPE_MASK & ~reg.BAR_PREFETCHABLE == reg.BAR_WIDTH_64
        upper = not upper and wide
    return Shape("Single Root I/O Virtualization", 0x40, "SR-IOV 1.1, 3.3", tuple(rows))


def _resizable(name: str, source: str) -> Callable[[bytes], Shape]:
    def shape(raw: bytes) -> Shape:
        # Only the first control register counts the resizable BARs.
        count = min(max(dword(raw, 0x08) >> 5 & 0x7, 1), _MOST_BARS)
        rows: list[Row] = []
        for place in range(count):
            base = 0x04 + 8 * place
            rows += [
                fixed(f"resizable BAR {place}: supported sizes", base, 4, 0xFFFFFFF0).shown_as(
                    encoding.BAR_SIZES
                ),
                fixed(f"resizable BAR {place}: BAR index", base + 4, 4, 0x00000007),
                fixed(f"resizable BAR {place}: number of BARs", base + 4, 4, 0x000000E0),
                writable(f"resizable BAR {place}: size", base + 4, 4, 0x00003F00).shown_as(
                    encoding.BAR_SIZE
                ),
                fixed(
                    f"resizable BAR {place}: supported larger sizes", base + 4, 4, 0xFFFF0000
                ).shown_as(encoding.LARGER_BAR_SIZES),
            ]
        return Shape(name, 0x04 + 8 * count, source, tuple(rows))

    return shape


_MULTICAST = constant(
    "Multicast",
    0x30,
    "PCIe Base 5.0, 7.9.11",
    fixed("Multicast Capability", 0x04, 2),
    writable("Multicast Control", 0x06, 2),
    writable("Multicast Base Address", 0x08, 4),
    writable("Multicast Base Address, upper", 0x0C, 4),
    writable("Multicast Receive", 0x10, 4),
    writable("Multicast Receive, upper", 0x14, 4),
    writable("Multicast Block All", 0x18, 4),
    writable("Multicast Block All, upper", 0x1C, 4),
    writable("Multicast Block Untranslated", 0x20, 4),
    writable("Multicast Block Untranslated, upper", 0x24, 4),
    writable("Multicast Overlay BAR", 0x28, 4),
    writable("Multicast Overlay BAR, upper", 0x2C, 4),
)

_POWER_BUDGETING = constant(
    "Power Budgeting",
    0x10,
    "PCIe Base 5.0, 7.8.1",
    writable("Power Budgeting Data Select", 0x04, 1),
    # Shows whatever entry was selected.
    status("Power Budgeting Data", 0x08, 4),
    fixed("Power Budgeting Capability", 0x0C, 1),
)


def _dynamic_power(raw: bytes) -> Shape:
    substates = (dword(raw, 0x04) & 0x1F) + 1
    rows = (
        fixed("DPA Capability", 0x04, 4),
        fixed("DPA Latency Indicator", 0x08, 4),
        status("DPA Status", 0x0C, 2, 0x011F),
        writable("DPA Control", 0x0E, 2, 0x001F),
        *(fixed(f"DPA Power Allocation {i}", 0x10 + i, 1) for i in range(substates)),
    )
    length = 0x10 + (substates + 3 & ~3)
    return Shape("Dynamic Power Allocation", length, "PCIe Base 5.0, 7.9.12", rows)


RESOURCES: Mapping[int, Callable[[bytes], Shape]] = {
    reg.EXT_POWER_BUDGETING: _POWER_BUDGETING,
    reg.EXT_SRIOV: _sriov,
    reg.EXT_MULTICAST: _MULTICAST,
    reg.EXT_RESIZABLE_BAR: _resizable("Resizable BAR", "PCIe Base 5.0, 7.8.6"),
    reg.EXT_DYNAMIC_POWER: _dynamic_power,
    reg.EXT_VF_RESIZABLE_BAR: _resizable("VF Resizable BAR", "SR-IOV 1.1, 3.7.5"),
}
