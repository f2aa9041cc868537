"""The PCI Express capability, field by field.

Source: PCI Express Base 5.0, 7.5.3. Capability registers are HwInit or read-only: fixed.
Control registers are writable. Link speed and width in Link Status come out of training and
follow whatever is plugged in: status.
"""

from __future__ import annotations

from pciabi.pci import encoding
from pciabi.pci import registers as reg
from pciabi.pci.layout import fixed, status, writable
from pciabi.pci.shape import Shape

_REGISTER = (
    fixed("Capability Version", 0x02, 2, 0x000F),
    fixed("Device/Port Type", 0x02, 2, 0x00F0).shown_as(encoding.PORT_TYPE),
    fixed("Slot Implemented", 0x02, 2, 0x0100),
    status("Interrupt Message Number", 0x02, 2, 0x3E00),
)

_DEVICE = (
    fixed("DevCap: Max Payload Size Supported", 0x04, 4, 0x00000007).shown_as(
        encoding.BYTES_FROM_128
    ),
    fixed("DevCap: Phantom Functions", 0x04, 4, 0x00000018),
    fixed("DevCap: Extended Tag", 0x04, 4, 0x00000020),
    fixed("DevCap: L0s Acceptable Latency", 0x04, 4, 0x000001C0).shown_as(encoding.L0S_ACCEPTABLE),
    fixed("DevCap: L1 Acceptable Latency", 0x04, 4, 0x00000E00).shown_as(encoding.L1_ACCEPTABLE),
    fixed("DevCap: Attention and Power Indicators", 0x04, 4, 0x00007000),
    fixed("DevCap: Role-Based Error Reporting", 0x04, 4, 0x00008000),
    status("DevCap: Captured Slot Power Limit", 0x04, 4, 0x0FFC0000),
    fixed("DevCap: Function Level Reset", 0x04, 4, 0x10000000),
    writable("DevCtl", 0x08, 2, 0x8F1F),
    writable("DevCtl: Max Payload Size", 0x08, 2, 0x00E0).shown_as(encoding.BYTES_FROM_128),
    writable("DevCtl: Max Read Request Size", 0x08, 2, 0x7000).shown_as(encoding.BYTES_FROM_128),
    status("DevSta", 0x0A, 2, 0x007F),
)

_LINK = (
    fixed("LnkCap: Max Link Speed", 0x0C, 4, 0x0000000F).shown_as(encoding.LINK_SPEED),
    fixed("LnkCap: Max Link Width", 0x0C, 4, 0x000003F0).shown_as(encoding.LINK_WIDTH),
    fixed("LnkCap: ASPM Support", 0x0C, 4, 0x00000C00).shown_as(encoding.ASPM),
    fixed("LnkCap: L0s Exit Latency", 0x0C, 4, 0x00007000).shown_as(encoding.L0S_EXIT),
    fixed("LnkCap: L1 Exit Latency", 0x0C, 4, 0x00038000).shown_as(encoding.L1_EXIT),
    fixed("LnkCap: Clock Power Management", 0x0C, 4, 0x00040000),
    fixed("LnkCap: Surprise Down Error Reporting", 0x0C, 4, 0x00080000),
    fixed("LnkCap: Data Link Layer Link Active Reporting", 0x0C, 4, 0x00100000),
    fixed("LnkCap: Link Bandwidth Notification", 0x0C, 4, 0x00200000),
    fixed("LnkCap: ASPM Optionality Compliance", 0x0C, 4, 0x00400000),
    fixed("LnkCap: Port Number", 0x0C, 4, 0xFF000000),
    writable("LnkCtl", 0x10, 2, 0xCFFB),
    status("LnkSta: Current Link Speed", 0x12, 2, 0x000F).shown_as(encoding.LINK_SPEED),
    status("LnkSta: Negotiated Link Width", 0x12, 2, 0x03F0).shown_as(encoding.LINK_WIDTH),
    status("LnkSta: Link Training", 0x12, 2, 0x0C00),
    fixed("LnkSta: Slot Clock Configuration", 0x12, 2, 0x1000),
    status("LnkSta: Data Link Layer Link Active", 0x12, 2, 0x2000),
    status("LnkSta: Bandwidth Management", 0x12, 2, 0xC000),
)

_SLOT = (
    fixed("SltCap: Attention Button Present", 0x14, 4, 0x00000001),
    fixed("SltCap: Power Controller Present", 0x14, 4, 0x00000002),
    fixed("SltCap: MRL Sensor Present", 0x14, 4, 0x00000004),
    fixed("SltCap: Attention Indicator Present", 0x14, 4, 0x00000008),
    fixed("SltCap: Power Indicator Present", 0x14, 4, 0x00000010),
    fixed("SltCap: Hot-Plug Surprise", 0x14, 4, 0x00000020),
    fixed("SltCap: Hot-Plug Capable", 0x14, 4, 0x00000040),
    fixed("SltCap: Slot Power Limit", 0x14, 4, 0x0001FF80),
    fixed("SltCap: Electromechanical Interlock", 0x14, 4, 0x00020000),
    fixed("SltCap: No Command Completed Support", 0x14, 4, 0x00040000),
    fixed("SltCap: Physical Slot Number", 0x14, 4, 0xFFF80000),
    writable("SltCtl", 0x18, 2, 0x3FFF),
    status("SltSta", 0x1A, 2, 0x01FF),
)

_ROOT = (
    writable("RootCtl", 0x1C, 2, 0x001F),
    fixed("RootCap: CRS Software Visibility", 0x1E, 2, 0x0001),
    status("RootSta", 0x20, 4, 0x0003FFFF),
)

_SECOND = (
    fixed("DevCap2: Completion Timeout Ranges", 0x24, 4, 0x0000000F),
    fixed("DevCap2: Completion Timeout Disable", 0x24, 4, 0x00000010),
    fixed("DevCap2: ARI Forwarding", 0x24, 4, 0x00000020),
    fixed("DevCap2: AtomicOps", 0x24, 4, 0x000003C0),
    fixed("DevCap2: No RO-enabled PR-PR Passing", 0x24, 4, 0x00000400),
    fixed("DevCap2: LTR Mechanism", 0x24, 4, 0x00000800),
    fixed("DevCap2: TPH Completer", 0x24, 4, 0x00003000),
    fixed("DevCap2: 10-Bit Tags", 0x24, 4, 0x00030000),
    fixed("DevCap2: OBFF", 0x24, 4, 0x000C0000),
    fixed("DevCap2: Extended Format", 0x24, 4, 0x00100000),
    fixed("DevCap2: End-End TLP Prefixes", 0x24, 4, 0x00E00000),
    writable("DevCtl2", 0x28, 2),
    status("DevSta2", 0x2A, 2),
    fixed("LnkCap2: Supported Link Speeds", 0x2C, 4, 0x000000FE).shown_as(encoding.LINK_SPEEDS),
    fixed("LnkCap2: Crosslink", 0x2C, 4, 0x00000100),
    fixed("LnkCap2: Retimer Presence Detect", 0x2C, 4, 0x01800000),
    fixed("LnkCap2: DRS", 0x2C, 4, 0x80000000),
    writable("LnkCtl2: Target Link Speed", 0x30, 2, 0x000F).shown_as(encoding.LINK_SPEED),
    writable("LnkCtl2", 0x30, 2, 0xFFF0),
    status("LnkSta2", 0x32, 2),
    fixed("SltCap2", 0x34, 4),
    writable("SltCtl2", 0x38, 2),
    status("SltSta2", 0x3A, 2),
)

# A function of capability version 1 stops after the last group of registers it implements.
_VERSION_1_LENGTHS = {
    reg.EXPRESS_TYPE_ROOT_PORT: 0x24,
    reg.EXPRESS_TYPE_EVENT_COLLECTOR: 0x24,
    reg.EXPRESS_TYPE_DOWNSTREAM_PORT: 0x1C,
}
_VERSION_1_ENDPOINT = 0x14
_VERSION_2 = 0x3C


def express(raw: bytes) -> Shape:
    """The PCI Express capability that begins with these bytes."""
    register = int.from_bytes(raw[2:4], "little")
    length = _VERSION_2
    if register & 0x000F < 2:
        length = _VERSION_1_LENGTHS.get(register >> 4 & 0x0F, _VERSION_1_ENDPOINT)
    rows = (*_REGISTER, *_DEVICE, *_LINK, *_SLOT, *_ROOT, *_SECOND)
    return Shape("PCI Express", length, "PCIe Base 5.0, 7.5.3", rows)
