"""PCI Express extended capabilities, field by field, and which class each field is.

Sources: PCI Express Base 5.0, 7.7 to 7.9; Address Translation Services 1.1. Capability
registers are fixed, control registers writable. What has a lane, a BAR or CXL in it stands in
`link_layout`, `resource_layout` and `cxl_layout`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pciabi.pci import registers as reg
from pciabi.pci.cxl_layout import designated
from pciabi.pci.layout import Row, dword, fixed, status, writable
from pciabi.pci.resource_layout import RESOURCES
from pciabi.pci.shape import Shape, constant

Layout = Callable[[bytes], Shape]


_AER = constant(
    "Advanced Error Reporting",
    0x48,
    "PCIe Base 5.0, 7.8.4",
    status("Uncorrectable Error Status", 0x04, 4),
    writable("Uncorrectable Error Mask", 0x08, 4),
    writable("Uncorrectable Error Severity", 0x0C, 4),
    status("Correctable Error Status", 0x10, 4),
    writable("Correctable Error Mask", 0x14, 4),
    status("First Error Pointer", 0x18, 4, 0x0000001F),
    fixed("ECRC Generation Capable", 0x18, 4, 0x00000020),
    writable("ECRC Generation Enable", 0x18, 4, 0x00000040),
    fixed("ECRC Check Capable", 0x18, 4, 0x00000080),
    writable("ECRC Check Enable", 0x18, 4, 0x00000100),
    fixed("Multiple Header Recording Capable", 0x18, 4, 0x00000200),
    writable("Multiple Header Recording Enable", 0x18, 4, 0x00000400),
    status("TLP Prefix Log Present", 0x18, 4, 0x00000800),
    status("Header Log 1", 0x1C, 4),
    status("Header Log 2", 0x20, 4),
    status("Header Log 3", 0x24, 4),
    status("Header Log 4", 0x28, 4),
    writable("Root Error Command", 0x2C, 4, 0x00000007),
    status("Root Error Status", 0x30, 4, 0xF800007F),
    status("Error Source Identification", 0x34, 4),
    status("TLP Prefix Log 1", 0x38, 4),
    status("TLP Prefix Log 2", 0x3C, 4),
    status("TLP Prefix Log 3", 0x40, 4),
    status("TLP Prefix Log 4", 0x44, 4),
)


def _virtual_channel(raw: bytes) -> Shape:
    count = (dword(raw, 4) & 0x7) + 1
    rows = [
        fixed("Extended VC Count", 0x04, 4, 0x00000007),
        fixed("Low Priority Extended VC Count", 0x04, 4, 0x00000070),
        fixed("Reference Clock", 0x04, 4, 0x00000300),
        fixed("Port Arbitration Table Entry Size", 0x04, 4, 0x00000C00),
        fixed("VC Arbitration Capability", 0x08, 4, 0x000000FF),
        fixed("VC Arbitration Table Offset", 0x08, 4, 0xFF000000),
        writable("Port VC Control", 0x0C, 2, 0x000F),
        status("Port VC Status", 0x0E, 2, 0x0001),
    ]
    for index in range(count):
        base = 0x10 + 12 * index
        rows += [
            fixed(f"VC{index} Resource Capability", base, 4),
            writable(f"VC{index} Resource Control", base + 4, 4),
            status(f"VC{index} Resource Status", base + 10, 2, 0x0003),
        ]
    return Shape("Virtual Channel", 0x10 + 12 * count, "PCIe Base 5.0, 7.9.1", tuple(rows))


_SERIAL_NUMBER = constant(
    "Device Serial Number",
    0x0C,
    "PCIe Base 5.0, 7.9.3",
    fixed("Serial Number, lower", 0x04, 4),
    fixed("Serial Number, upper", 0x08, 4),
)


def _acs(raw: bytes) -> Shape:
    capability = dword(raw, 4)
    # Zero means 256 entries, and only Egress Control (bit 5) makes the vector exist.
    entries = (capability >> 8 & 0xFF) or 256
    words = (entries + 31) // 32 if capability & 0x20 else 0
    rows = (
        fixed("ACS Capability", 0x04, 2, 0x00FF),
        fixed("Egress Control Vector Size", 0x04, 2, 0xFF00),
        writable("ACS Control", 0x06, 2),
        *(writable(f"Egress Control Vector {i}", 0x08 + 4 * i, 4) for i in range(words)),
    )
    return Shape("Access Control Services", 8 + 4 * words, "PCIe Base 5.0, 7.7.8", rows)


_ARI = constant(
    "Alternative Routing-ID",
    0x08,
    "PCIe Base 5.0, 7.8.7",
    fixed("MFVC Function Groups", 0x04, 2, 0x0001),
    fixed("ACS Function Groups", 0x04, 2, 0x0002),
    fixed("Next Function Number", 0x04, 2, 0xFF00),
    writable("ARI Control", 0x06, 2),
)

_ATS = constant(
    "Address Translation Service",
    0x08,
    "ATS 1.1, 5.1",
    fixed("Invalidate Queue Depth", 0x04, 2, 0x001F),
    fixed("Page Aligned Request", 0x04, 2, 0x0020),
    fixed("Global Invalidate", 0x04, 2, 0x0040),
    fixed("Relaxed Ordering", 0x04, 2, 0x0080),
    writable("Smallest Translation Unit", 0x06, 2, 0x001F),
    writable("ATS Enable", 0x06, 2, 0x8000),
)


_PAGE_REQUEST = constant(
    "Page Request Interface",
    0x10,
    "ATS 1.1, 5.2",
    writable("PRI Control", 0x04, 2),
    status("PRI Status", 0x06, 2, 0x01FF),
    fixed("PRG Response PASID Required", 0x06, 2, 0x8000),
    fixed("Outstanding Page Request Capacity", 0x08, 4),
    writable("Outstanding Page Request Allocation", 0x0C, 4),
)

_LTR = constant(
    "Latency Tolerance Reporting",
    0x08,
    "PCIe Base 5.0, 7.8.2",
    writable("Max Snoop Latency", 0x04, 2),
    writable("Max No-Snoop Latency", 0x06, 2),
)

_PASID = constant(
    "Process Address Space ID",
    0x08,
    "PCIe Base 5.0, 7.8.8",
    fixed("Execute Permission", 0x04, 2, 0x0002),
    fixed("Privileged Mode", 0x04, 2, 0x0004),
    fixed("Max PASID Width", 0x04, 2, 0x1F00),
    writable("PASID Control", 0x06, 2),
)


def _dpc(raw: bytes) -> Shape:
    root_port = dword(raw, 4) & 0x0020
    rows: tuple[Row, ...] = (
        status("DPC Interrupt Message Number", 0x04, 2, 0x001F),
        fixed("DPC Capability", 0x04, 2, 0xFFE0),
        writable("DPC Control", 0x06, 2),
        status("DPC Status", 0x08, 2),
        status("DPC Error Source ID", 0x0A, 2),
    )
    if not root_port:
        return Shape("Downstream Port Containment", 0x0C, "PCIe Base 5.0, 7.9.15", rows)
    rows += (
        status("RP PIO Status", 0x0C, 4),
        writable("RP PIO Mask", 0x10, 4),
        writable("RP PIO Severity", 0x14, 4),
        writable("RP PIO SysError", 0x18, 4),
        writable("RP PIO Exception", 0x1C, 4),
        *(status(f"RP PIO Header Log {i}", 0x20 + 4 * i, 4) for i in range(4)),
    )
    return Shape("Downstream Port Containment", 0x30, "PCIe Base 5.0, 7.9.15", rows)


_L1_SUBSTATES = constant(
    "L1 PM Substates",
    0x14,
    "PCIe Base 5.0, 7.8.3",
    fixed("L1 PM Substates Capabilities", 0x04, 4),
    writable("L1 PM Substates Control 1", 0x08, 4),
    writable("L1 PM Substates Control 2", 0x0C, 4),
    status("L1 PM Substates Status", 0x10, 4),
)

_PTM = constant(
    "Precision Time Measurement",
    0x0C,
    "PCIe Base 5.0, 7.9.16",
    fixed("PTM Capability", 0x04, 4),
    writable("PTM Control", 0x08, 4),
)

_TPH = constant(
    "TPH Requester",
    0x0C,
    "PCIe Base 5.0, 7.9.13",
    fixed("TPH Requester Capability", 0x04, 4),
    writable("TPH Requester Control", 0x08, 4),
)

_DATA_LINK_FEATURE = constant(
    "Data Link Feature",
    0x0C,
    "PCIe Base 5.0, 7.7.4",
    fixed("Local Data Link Features", 0x04, 4, 0x007FFFFF),
    writable("Data Link Feature Exchange Enable", 0x04, 4, 0x80000000),
    status("Data Link Feature Status", 0x08, 4),
)

_DATA_OBJECT_EXCHANGE = constant(
    "Data Object Exchange",
    0x18,
    "PCIe Base 6.0, 7.9.24",
    fixed("DOE Interrupt Support", 0x04, 4, 0x00000001),
    status("DOE Interrupt Message Number", 0x04, 4, 0x00000FFE),
    writable("DOE Control", 0x08, 4),
    status("DOE Status", 0x0C, 4),
    writable("DOE Write Data Mailbox", 0x10, 4),
    status("DOE Read Data Mailbox", 0x14, 4),
)

_DEVICE_3 = constant(
    "Device 3",
    0x10,
    "PCIe Base 6.0, 7.7.9",
    fixed("DevCap3", 0x04, 4),
    writable("DevCtl3", 0x08, 4),
    status("DevSta3", 0x0C, 4),
)


def _unmapped(name: str, source: str, length_at: int) -> Layout:
    """A capability that tells its own length (upper 12 bits at `length_at`) and whose content
    has no layout here: every byte counts as fixed, so that no difference is lost."""

    def shape(raw: bytes) -> Shape:
        length = max(dword(raw, length_at) >> 20, length_at + 4)
        rows = (
            fixed("Vendor-Specific Header", length_at, 4),
            *(
                fixed(f"vendor data at 0x{offset:02x}", offset, 1)
                for offset in range(length_at + 4, length)
            ),
        )
        return Shape(name, length, source, rows)

    return shape


def _null(_raw: bytes) -> Shape:
    return Shape("Null", 4, "PCIe Base 5.0, 7.6.3", ())


EXTENDED: Mapping[int, Layout] = {
    0x00: _null,
    reg.EXT_AER: _AER,
    reg.EXT_VIRTUAL_CHANNEL: _virtual_channel,
    reg.EXT_VIRTUAL_CHANNEL_MFVC: _virtual_channel,
    reg.EXT_SERIAL_NUMBER: _SERIAL_NUMBER,
    reg.EXT_VENDOR: _unmapped("Vendor Specific", "PCIe Base 5.0, 7.9.5; no public layout", 4),
    reg.EXT_ACS: _acs,
    reg.EXT_ARI: _ARI,
    reg.EXT_ATS: _ATS,
    reg.EXT_PAGE_REQUEST: _PAGE_REQUEST,
    reg.EXT_TPH: _TPH,
    reg.EXT_LTR: _LTR,
    reg.EXT_PASID: _PASID,
    reg.EXT_DPC: _dpc,
    reg.EXT_L1_SUBSTATES: _L1_SUBSTATES,
    reg.EXT_PTM: _PTM,
    reg.EXT_DESIGNATED_VENDOR: designated,
    reg.EXT_DATA_LINK_FEATURE: _DATA_LINK_FEATURE,
    reg.EXT_DATA_OBJECT_EXCHANGE: _DATA_OBJECT_EXCHANGE,
    reg.EXT_DEVICE_3: _DEVICE_3,
    **RESOURCES,
}
