"""Conventional capabilities, field by field, and which class each field is.

Sources: PCI Local Bus 3.0, 6.7, 6.8 and appendix H to I; PCI Power Management 1.2, chapter 3;
PCI-X 2.0, 7.2; Standard Hot-Plug Controller 1.0, 4.8; SATA AHCI 1.3.1, 2.4; PCI Advanced
Features ECN (2006); virtio 1.2, 4.1.4; EHCI 1.0, appendix C.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pciabi.pci import encoding
from pciabi.pci import registers as reg
from pciabi.pci.bus_layout import AGP, hypertransport
from pciabi.pci.express_layout import express
from pciabi.pci.layout import Notation, Row, Topic, fixed, status, writable
from pciabi.pci.shape import Shape


@dataclass(frozen=True)
class Surroundings:
    """What a capability's layout may depend on besides its own bytes."""

    vendor: int
    device: int
    header_type: int


_INTERRUPT = Topic.INTERRUPT


def _power_management(_raw: bytes, _around: Surroundings) -> Shape:
    return Shape(
        "Power Management",
        8,
        "PCI Power Management 1.2, 3.2",
        (
            fixed("PMC: Version", 0x02, 2, 0x0007),
            fixed("PMC: PME Clock", 0x02, 2, 0x0008),
            fixed("PMC: Immediate Readiness on Return to D0", 0x02, 2, 0x0010),
            fixed("PMC: Device Specific Initialization", 0x02, 2, 0x0020),
            fixed("PMC: Aux Current", 0x02, 2, 0x01C0).shown_as(encoding.AUX_CURRENT),
            fixed("PMC: D1 Support", 0x02, 2, 0x0200),
            fixed("PMC: D2 Support", 0x02, 2, 0x0400),
            fixed("PMC: PME Support", 0x02, 2, 0xF800).shown_as(encoding.POWER_STATES),
            writable("PMCSR: Power State", 0x04, 2, 0x0003),
            fixed("PMCSR: No Soft Reset", 0x04, 2, 0x0008),
            writable("PMCSR: PME Enable", 0x04, 2, 0x0100),
            writable("PMCSR: Data Select", 0x04, 2, 0x1E00),
            status("PMCSR: Data Scale", 0x04, 2, 0x6000),
            status("PMCSR: PME Status", 0x04, 2, 0x8000),
            fixed("Bridge Extensions: B2/B3 Support", 0x06, 1, 0x40),
            fixed("Bridge Extensions: Bus Power/Clock Control", 0x06, 1, 0x80),
            status("Data", 0x07, 1),
        ),
    )


def _msi(raw: bytes, _around: Surroundings) -> Shape:
    control = int.from_bytes(raw[2:4], "little")
    wide, masked = control & 0x0080, control & 0x0100
    data = 0x0C if wide else 0x08
    rows: list[Row] = [
        writable("Message Control: MSI Enable", 0x02, 2, 0x0001),
        replace(
            fixed("MSI vector count", 0x02, 2, 0x000E),
            topic=_INTERRUPT,
            notation=Notation.POWER,
        ),
        writable("Message Control: Multiple Message Enable", 0x02, 2, 0x0070).shown_as(
            Notation.POWER
        ),
        fixed("Message Control: 64-bit Address Capable", 0x02, 2, 0x0080),
        fixed("Message Control: Per-Vector Masking Capable", 0x02, 2, 0x0100),
        fixed("Message Control: Extended Message Data Capable", 0x02, 2, 0x0200),
        writable("Message Control: Extended Message Data Enable", 0x02, 2, 0x0400),
        writable("Message Address", 0x04, 4, 0xFFFFFFFC).shown_as(Notation.ADDRESS),
        *([writable("Message Upper Address", 0x08, 4)] if wide else []),
        writable("Message Data", data, 2),
    ]
    length = data + 2
    if masked:
        rows += [
            writable("Extended Message Data", data + 2, 2),
            writable("Mask Bits", data + 4, 4),
            status("Pending Bits", data + 8, 4),
        ]
        length = data + 12
    return Shape("MSI", length, "PCI 3.0, 6.8.1", tuple(rows))


def _msix(_raw: bytes, _around: Surroundings) -> Shape:
    def place(name: str, offset: int) -> tuple[Row, Row]:
        where = fixed(f"MSI-X {name} offset", offset, 4, 0xFFFFFFF8)
        return (
            replace(fixed(f"MSI-X {name} BAR", offset, 4, 0x7), topic=_INTERRUPT),
            replace(where, topic=_INTERRUPT, notation=Notation.ADDRESS),
        )

    size = fixed("MSI-X table size", 0x02, 2, 0x07FF)
    return Shape(
        "MSI-X",
        12,
        "PCI 3.0, 6.8.2",
        (
            replace(size, topic=_INTERRUPT, notation=Notation.COUNT),
            writable("Message Control: Function Mask", 0x02, 2, 0x4000),
            writable("Message Control: MSI-X Enable", 0x02, 2, 0x8000),
            *place("table", 0x04),
            *place("pending bit array", 0x08),
        ),
    )


_VIRTIO_NAMES = {
    reg.VIRTIO_COMMON: "virtio common configuration",
    reg.VIRTIO_NOTIFY: "virtio notification",
    reg.VIRTIO_ISR: "virtio interrupt status",
    reg.VIRTIO_DEVICE: "virtio device configuration",
    reg.VIRTIO_PCI_WINDOW: "virtio PCI configuration access window",
    reg.VIRTIO_SHARED_MEMORY: "virtio shared memory",
}


def _vendor(raw: bytes, around: Surroundings) -> Shape:
    if around.vendor == reg.VENDOR_VIRTIO and around.device in reg.VIRTIO_DEVICES:
        return _virtio(raw)
    length = max(raw[2] if len(raw) > 2 else 3, 3)
    rows = (
        fixed("Capability Length", 0x02, 1),
        *(fixed(f"vendor data at 0x{offset:02x}", offset, 1) for offset in range(3, length)),
    )
    return Shape("Vendor Specific", length, "PCI 3.0, appendix H; no public layout", rows)


def _virtio(raw: bytes) -> Shape:
    config_type = raw[3] if len(raw) > 3 else 0
    length = max(raw[2] if len(raw) > 2 else 0, 16)
    # Through this window the driver chooses where to read and write: its place is no fact.
    place = writable if config_type == reg.VIRTIO_PCI_WINDOW else fixed
    rows: list[Row] = [
        fixed("Capability Length", 0x02, 1),
        fixed("Configuration Type", 0x03, 1),
        place("BAR", 0x04, 1),
        fixed("Identifier", 0x05, 1),
        place("Offset", 0x08, 4),
        place("Length", 0x0C, 4),
    ]
    if config_type == reg.VIRTIO_NOTIFY:
        rows.append(fixed("Notify Offset Multiplier", 0x10, 4))
    if config_type == reg.VIRTIO_PCI_WINDOW:
        rows.append(writable("Window Data", 0x10, 4))
    if config_type == reg.VIRTIO_SHARED_MEMORY:
        rows += [fixed("Offset High", 0x10, 4), fixed("Length High", 0x14, 4)]
    name = _VIRTIO_NAMES.get(config_type, f"virtio configuration type {config_type}")
    return Shape(name, length, "virtio 1.2, 4.1.4", tuple(rows))


def _subsystem(_raw: bytes, _around: Surroundings) -> Shape:
    rows = (fixed("Subsystem Vendor ID", 0x04, 2), fixed("Subsystem ID", 0x06, 2))
    identity = tuple(replace(row, topic=Topic.IDENTITY) for row in rows)
    return Shape("Subsystem ID", 8, "PCI-to-PCI Bridge 1.2, 3.2.5.13", identity)


def _slot_id(_raw: bytes, _around: Surroundings) -> Shape:
    return Shape(
        "Slot Identification",
        4,
        "PCI-to-PCI Bridge 1.2, 12.1",
        (
            fixed("Expansion Slots Provided", 0x02, 1, 0x1F),
            fixed("First in Chassis", 0x02, 1, 0x20),
            writable("Chassis Number", 0x03, 1),
        ),
    )


def _vital_product_data(_raw: bytes, _around: Surroundings) -> Shape:
    return Shape(
        "Vital Product Data",
        8,
        "PCI 3.0, appendix I",
        (
            writable("VPD Address", 0x02, 2, 0x7FFF),
            status("Transfer Flag", 0x02, 2, 0x8000),
            status("VPD Data", 0x04, 4),
        ),
    )


def _pcix(raw: bytes, around: Surroundings) -> Shape:
    source = "PCI-X 2.0, 7.2"
    if around.header_type == reg.HEADER_TYPE_BRIDGE:
        rows = (
            status("Secondary Status", 0x02, 2, 0xFFFF),
            _latched_address("Bridge Status: Function, Device, Bus", 0x04),
            fixed("Bridge Status: Capabilities", 0x04, 4, 0x00030000),
            status("Bridge Status: Split Completions", 0x04, 4, 0x003C0000),
        )
        return Shape("PCI-X Bridge", 16, source, rows)
    command = int.from_bytes(raw[2:4], "little")
    return Shape(
        "PCI-X",
        24 if command & 0x3000 else 8,
        source,
        (
            writable("Command", 0x02, 2, 0x007F),
            fixed("Command: Version", 0x02, 2, 0x3000),
            _latched_address("Status: Function, Device, Bus", 0x04),
            fixed("Status: Capabilities", 0x04, 4, 0xDFD30000),
            status("Status: Split Completions", 0x04, 4, 0x200C0000),
        ),
    )


def _latched_address(name: str, offset: int) -> Row:
    """A row for the bus, device and function number a device latches from its accesses."""
    return status(name, offset, 4, 0x0000FFFF)


def _advanced_features(_raw: bytes, _around: Surroundings) -> Shape:
    return Shape(
        "Advanced Features",
        6,
        "PCI Advanced Features ECN, 6.x.1",
        (
            fixed("Length", 0x02, 1),
            fixed("Transactions Pending Capable", 0x03, 1, 0x01),
            fixed("Function Level Reset", 0x03, 1, 0x02),
            writable("Control", 0x04, 1),
            status("Transactions Pending", 0x05, 1, 0x01),
        ),
    )


def _sata(_raw: bytes, _around: Surroundings) -> Shape:
    return Shape(
        "SATA HBA",
        8,
        "AHCI 1.3.1, 2.4",
        (
            fixed("Revision", 0x02, 2, 0x00FF),
            fixed("Index-Data Pair BAR", 0x04, 4, 0x0000000F),
            fixed("Index-Data Pair Offset", 0x04, 4, 0x00FFFFF0),
        ),
    )


def _debug_port(_raw: bytes, _around: Surroundings) -> Shape:
    rows = (
        fixed("Debug Port Offset", 0x02, 2, 0x1FFF),
        fixed("Debug Port BAR", 0x02, 2, 0xE000),
    )
    return Shape("Debug Port", 4, "EHCI 1.0, appendix C", rows)


def _hot_plug(_raw: bytes, _around: Surroundings) -> Shape:
    return Shape(
        "Hot-Plug Controller",
        8,
        "Standard Hot-Plug Controller 1.0, 4.8",
        (
            writable("Working Register Select", 0x02, 1),
            status("Interrupt Pending", 0x03, 1, 0xC0),
            status("Working Register Data", 0x04, 4),
        ),
    )


def _secure(_raw: bytes, _around: Surroundings) -> Shape:
    return Shape(
        "Secure Device (IOMMU)",
        24,
        "AMD I/O Virtualization Technology (IOMMU) 3.x, 3.2",
        (
            fixed("Capability Type and Flags", 0x02, 2),
            writable("Enable", 0x04, 4, 0x00000001),
            writable("Base Address Low", 0x04, 4, 0xFFFFC000).shown_as(Notation.ADDRESS),
            writable("Base Address High", 0x08, 4),
            writable("Range", 0x0C, 4),
            fixed("Miscellaneous Information 0", 0x10, 4),
            fixed("Miscellaneous Information 1", 0x14, 4),
        ),
    )


def _null(_raw: bytes, _around: Surroundings) -> Shape:
    return Shape("Null", 2, "PCI 3.0, appendix H", ())


CONVENTIONAL: Mapping[int, Callable[[bytes, Surroundings], Shape]] = {
    0x00: _null,
    reg.CAP_POWER_MANAGEMENT: _power_management,
    reg.CAP_AGP: lambda raw, _around: AGP(raw),
    reg.CAP_VPD: _vital_product_data,
    reg.CAP_SLOT_ID: _slot_id,
    reg.CAP_MSI: _msi,
    reg.CAP_PCIX: _pcix,
    reg.CAP_HYPERTRANSPORT: lambda raw, _around: hypertransport(raw),
    reg.CAP_VENDOR: _vendor,
    reg.CAP_DEBUG_PORT: _debug_port,
    reg.CAP_HOT_PLUG: _hot_plug,
    reg.CAP_SUBSYSTEM: _subsystem,
    reg.CAP_SECURE: _secure,
    reg.CAP_EXPRESS: lambda raw, _around: express(raw),
    reg.CAP_MSIX: _msix,
    reg.CAP_SATA: _sata,
    reg.CAP_ADVANCED_FEATURES: _advanced_features,
}
