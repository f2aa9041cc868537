"""lspci's one-line headings of capabilities, and what each tells of the capability's bytes.

Source: pciutils 3.7 to 3.13, `ls-caps.c`, `ls-caps-vendor.c` and `ls-ecaps.c`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pciabi.pci import registers as reg


@dataclass(frozen=True)
class Told:
    """Bits of a capability that its heading tells: place, value and mask, little-endian."""

    offset: int
    width: int
    value: int
    mask: int


_CONVENTIONAL: Mapping[str, int] = {
    "Null": 0x00,
    "Power Management version": reg.CAP_POWER_MANAGEMENT,
    "AGP version": reg.CAP_AGP,
    "Vital Product Data": reg.CAP_VPD,
    "Slot ID": reg.CAP_SLOT_ID,
    "MSI: ": reg.CAP_MSI,
    "CompactPCI hot-swap": reg.CAP_HOT_SWAP,
    "PCI-X ": reg.CAP_PCIX,
    "HyperTransport: ": reg.CAP_HYPERTRANSPORT,
    "Vendor Specific Information": reg.CAP_VENDOR,
    "Debug port": reg.CAP_DEBUG_PORT,
    "CompactPCI central resource control": reg.CAP_RESOURCE_CONTROL,
    "Hot-plug capable": reg.CAP_HOT_PLUG,
    "Subsystem": reg.CAP_SUBSYSTEM,
    "AGP3": reg.CAP_AGP8X,
    "Secure device": reg.CAP_SECURE,
    "Express": reg.CAP_EXPRESS,
    "MSI-X: ": reg.CAP_MSIX,
    "SATA HBA": reg.CAP_SATA,
    "PCI Advanced Features": reg.CAP_ADVANCED_FEATURES,
    "Enhanced Allocation": reg.CAP_ENHANCED_ALLOCATION,
}
# "Virtual Channel" is not among them: two ids have this heading.
_EXTENDED: Mapping[str, int] = {
    "Null": 0x00,
    "Advanced Error Reporting": reg.EXT_AER,
    "Device Serial Number": reg.EXT_SERIAL_NUMBER,
    "Power Budgeting": reg.EXT_POWER_BUDGETING,
    "Root Complex Link": reg.EXT_ROOT_COMPLEX_LINK,
    "Root Complex Internal Link": reg.EXT_ROOT_COMPLEX_INTERNAL_LINK,
    "Root Complex Event Collector": reg.EXT_EVENT_COLLECTOR,
    "Multi-Function Virtual Channel": reg.EXT_MULTI_FUNCTION_VC,
    "Root Complex Register Block": reg.EXT_ROOT_COMPLEX_REGISTERS,
    "Vendor Specific Information": reg.EXT_VENDOR,
    "Access Control Services": reg.EXT_ACS,
    "Alternative Routing-ID Interpretation": reg.EXT_ARI,
    "Address Translation Service": reg.EXT_ATS,
    "Single Root I/O Virtualization": reg.EXT_SRIOV,
    "Multi-Root I/O Virtualization": reg.EXT_MULTI_ROOT_IOV,
    "Multicast": reg.EXT_MULTICAST,
    "Page Request Interface": reg.EXT_PAGE_REQUEST,
    "Physical Resizable BAR": reg.EXT_RESIZABLE_BAR,
    "Dynamic Power Allocation": reg.EXT_DYNAMIC_POWER,
    "Transaction Processing Hints": reg.EXT_TPH,
    "Latency Tolerance Reporting": reg.EXT_LTR,
    "Secondary PCI Express": reg.EXT_SECONDARY_EXPRESS,
    "Protocol Multiplexing": reg.EXT_PROTOCOL_MULTIPLEXING,
    "Process Address Space ID": reg.EXT_PASID,
    "LN Requester": reg.EXT_LN_REQUESTER,
    "Downstream Port Containment": reg.EXT_DPC,
    "L1 PM Substates": reg.EXT_L1_SUBSTATES,
    "Precision Time Measurement": reg.EXT_PTM,
    "PCI Express over M_PHY": reg.EXT_M_PHY,
    "FRS Queueing": reg.EXT_FRS_QUEUING,
    "Readiness Time Reporting": reg.EXT_READINESS_TIME,
    "Designated Vendor-Specific": reg.EXT_DESIGNATED_VENDOR,
    "Virtual Resizable BAR": reg.EXT_VF_RESIZABLE_BAR,
    "Data Link Feature": reg.EXT_DATA_LINK_FEATURE,
    "Physical Layer 16.0 GT/s": reg.EXT_PHYSICAL_16GT,
    "Physical Layer 32.0 GT/s": reg.EXT_PHYSICAL_32GT,
    "Physical Layer 64.0 GT/s": reg.EXT_PHYSICAL_64GT,
    "Lane Margining at the Receiver": reg.EXT_LANE_MARGINING,
    "Hierarchy ID": reg.EXT_HIERARCHY_ID,
    "Native PCIe Enclosure Management": reg.EXT_ENCLOSURE_MANAGEMENT,
    "Alternate Protocol": reg.EXT_ALTERNATE_PROTOCOL,
    "System Firmware Intermediary": reg.EXT_SYSTEM_FIRMWARE_INTERMEDIARY,
    "Data Object Exchange": reg.EXT_DATA_OBJECT_EXCHANGE,
    "Integrity & Data Encryption": reg.EXT_INTEGRITY_ENCRYPTION,
}
_UNNAMED = re.compile(r"(?:Extended )?Capability ID (?:0x)?([0-9a-f]+)", re.ASCII)

_PM = re.compile(r"version (\d)", re.ASCII)
_MSI = re.compile(r"Count=\d+/(\d+) Maskable([+-]) 64bit([+-])", re.ASCII)
_MSIX = re.compile(r"Count=(\d+) ", re.ASCII)
_EXPRESS = re.compile(r"Express (?:\(v(\d+)\) )?(.*?)(?: \(Slot([+-])\))?(?:, .*)?", re.ASCII)
_EXPRESS_TYPES = {
    "Endpoint": 0x0,
    "Legacy Endpoint": 0x1,
    "Root Port": reg.EXPRESS_TYPE_ROOT_PORT,
    "Upstream Port": 0x5,
    "Downstream Port": reg.EXPRESS_TYPE_DOWNSTREAM_PORT,
    "PCI-Express to PCI/PCI-X Bridge": 0x7,
    "PCI/PCI-X to PCI-Express Bridge": 0x8,
    "Root Complex Integrated Endpoint": 0x9,
    "Root Complex Event Collector": reg.EXPRESS_TYPE_EVENT_COLLECTOR,
}
_IDS = re.compile(r"\b([0-9a-f]{4}):([0-9a-f]{4})\]?$", re.ASCII)
_VIRTIO_TYPES = {
    "CommonCfg": reg.VIRTIO_COMMON,
    "Notify": reg.VIRTIO_NOTIFY,
    "ISR": reg.VIRTIO_ISR,
    "DeviceCfg": reg.VIRTIO_DEVICE,
}
_SERIAL = re.compile(r"((?:[0-9a-f]{2}-){7}[0-9a-f]{2})", re.ASCII)
_DESIGNATED = re.compile(r"Vendor=([0-9a-f]{4}) ID=([0-9a-f]{4}) Rev=(\d+) Len=(\d+)", re.ASCII)


def capability_id(heading: str, *, extended: bool) -> int | None:
    """The id of the capability with this heading, None where the words are not known."""
    if unnamed := _UNNAMED.match(heading):
        number = int(unnamed[1], 16)
        return number if number <= (0xFFFF if extended else 0xFF) else None
    table = _EXTENDED if extended else _CONVENTIONAL
    # The longest name wins: "Root Complex Link" does not begin "Root Complex Link Declaration".
    found = max((name for name in table if heading.startswith(name)), key=len, default=None)
    return table[found] if found is not None else None


def told(heading: str, number: int, *, extended: bool) -> tuple[Told, ...]:
    """The bits of the capability's own registers that the heading tells."""
    reader = (_EXTENDED_READERS if extended else _READERS).get(number)
    return reader(heading) if reader else ()


def _power_management(heading: str) -> tuple[Told, ...]:
    match = _PM.search(heading)
    return (Told(2, 2, int(match[1]) & 0x7, 0x0007),) if match else ()


def _msi(heading: str) -> tuple[Told, ...]:
    match = _MSI.search(heading)
    if match is None or int(match[1]) not in (1, 2, 4, 8, 16, 32):
        return ()
    value = (int(match[1]).bit_length() - 1) << 1
    value |= (match[2] == "+") << 8 | (match[3] == "+") << 7
    return (Told(2, 2, value, 0x018E),)


def _msix(heading: str) -> tuple[Told, ...]:
    match = _MSIX.search(heading)
    if match is None or not 1 <= int(match[1]) <= 2048:
        return ()
    return (Told(2, 2, int(match[1]) - 1, 0x07FF),)


def _express(heading: str) -> tuple[Told, ...]:
    match = _EXPRESS.fullmatch(heading)
    if match is None or match[2] not in _EXPRESS_TYPES:
        return ()
    value, mask = _EXPRESS_TYPES[match[2]] << 4, 0x00F0
    if match[1]:
        value, mask = value | int(match[1]) & 0xF, mask | 0x000F
    if match[3]:
        value, mask = value | (match[3] == "+") << 8, mask | 0x0100
    return (Told(2, 2, value, mask),)


def _subsystem(heading: str) -> tuple[Told, ...]:
    match = _IDS.search(heading)
    if match is None:
        return ()
    return (Told(4, 4, int(match[2], 16) << 16 | int(match[1], 16), 0xFFFFFFFF),)


def _vendor(heading: str) -> tuple[Told, ...]:
    kind = heading.partition("VirtIO: ")[2].split("\t")[0].strip()
    return (Told(3, 1, _VIRTIO_TYPES[kind], 0xFF),) if kind in _VIRTIO_TYPES else ()


def _serial_number(heading: str) -> tuple[Told, ...]:
    match = _SERIAL.search(heading)
    if match is None:
        return ()
    return (Told(4, 8, int(match[1].replace("-", ""), 16), (1 << 64) - 1),)


def _designated(heading: str) -> tuple[Told, ...]:
    match = _DESIGNATED.search(heading)
    if match is None or int(match[3]) > 0xF or int(match[4]) > 0xFFF:
        return ()
    head = int(match[4]) << 20 | int(match[3]) << 16 | int(match[1], 16)
    return Told(4, 4, head, 0xFFFFFFFF), Told(8, 2, int(match[2], 16), 0xFFFF)


_READERS: Mapping[int, Callable[[str], tuple[Told, ...]]] = {
    reg.CAP_POWER_MANAGEMENT: _power_management,
    reg.CAP_MSI: _msi,
    reg.CAP_MSIX: _msix,
    reg.CAP_EXPRESS: _express,
    reg.CAP_SUBSYSTEM: _subsystem,
    reg.CAP_VENDOR: _vendor,
}
_EXTENDED_READERS: Mapping[int, Callable[[str], tuple[Told, ...]]] = {
    reg.EXT_SERIAL_NUMBER: _serial_number,
    reg.EXT_DESIGNATED_VENDOR: _designated,
}
