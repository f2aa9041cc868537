"""Walk the capability lists of a function, however broken they are.

A list that loops, points outside its room, or reads as all ones ends there, and the fact is
kept as a `Finding`: data to compare, not an exception. Sources: PCI 3.0, 6.7; PCI Express
Base 5.0, 7.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pciabi.pci import encoding
from pciabi.pci import registers as reg
from pciabi.pci.capability_layout import CONVENTIONAL, Surroundings
from pciabi.pci.extended_layout import EXTENDED
from pciabi.pci.layout import (
    FieldValue,
    Row,
    assigned,
    dword,
    fixed,
    read_fields,
    structure,
)
from pciabi.pci.link_layout import PER_LANE
from pciabi.pci.shape import Shape

_UNMAPPED_NAMES = {
    reg.CAP_HOT_SWAP: "CompactPCI Hot Swap",
    reg.CAP_RESOURCE_CONTROL: "CompactPCI Resource Control",
    reg.CAP_AGP8X: "AGP 8x",
    reg.CAP_ENHANCED_ALLOCATION: "Enhanced Allocation",
}
_UNMAPPED_EXTENDED_NAMES = {
    reg.EXT_ROOT_COMPLEX_LINK: "Root Complex Link Declaration",
    reg.EXT_ROOT_COMPLEX_INTERNAL_LINK: "Root Complex Internal Link Control",
    reg.EXT_EVENT_COLLECTOR: "Root Complex Event Collector",
    reg.EXT_MULTI_FUNCTION_VC: "Multi-Function Virtual Channel",
    reg.EXT_ROOT_COMPLEX_REGISTERS: "Root Complex Register Block",
    reg.EXT_MULTI_ROOT_IOV: "Multi-Root I/O Virtualization",
    reg.EXT_PROTOCOL_MULTIPLEXING: "Protocol Multiplexing",
    reg.EXT_LN_REQUESTER: "LN Requester",
    reg.EXT_M_PHY: "PCI Express over M-PHY",
    reg.EXT_FRS_QUEUING: "FRS Queuing",
    reg.EXT_READINESS_TIME: "Readiness Time Reporting",
    reg.EXT_HIERARCHY_ID: "Hierarchy ID",
    reg.EXT_ENCLOSURE_MANAGEMENT: "Native PCIe Enclosure Management",
    reg.EXT_ALTERNATE_PROTOCOL: "Alternate Protocol",
    reg.EXT_SYSTEM_FIRMWARE_INTERMEDIARY: "System Firmware Intermediary",
    reg.EXT_SHADOW_FUNCTIONS: "Shadow Functions",
    reg.EXT_INTEGRITY_ENCRYPTION: "Integrity and Data Encryption",
}


_MOST_LANES = 32


@dataclass(frozen=True)
class Finding:
    """Something wrong with a function's configuration space, at an offset."""

    offset: int
    message: str


@dataclass(frozen=True)
class Capability:
    """One capability. `length` is the bytes it takes up, at most to the next one; `version` is
    that of an extended capability, None for a conventional one."""

    extended: bool
    id: int
    version: int | None
    name: str
    offset: int
    length: int
    raw: bytes
    fields: tuple[FieldValue, ...]


@dataclass(frozen=True)
class CapabilityList:
    """The capabilities in the order of their list, and what was wrong with the list."""

    capabilities: tuple[Capability, ...]
    findings: tuple[Finding, ...]


def conventional_capabilities(config: bytes, around: Surroundings) -> CapabilityList:
    """The list that begins at the header's capabilities pointer."""
    pointer_at = reg.CAPABILITIES_POINTER.get(around.header_type)
    listed = int.from_bytes(config[reg.STATUS : reg.STATUS + 2], "little")
    if pointer_at is None or not listed & reg.STATUS_CAPABILITIES_LIST:
        return CapabilityList((), ())
    if len(config) < reg.CONVENTIONAL_SIZE:
        finding = Finding(pointer_at, f"only {len(config)} bytes were read: no capabilities seen")
        return CapabilityList((), (finding,))
    offsets, findings = _conventional_offsets(config, config[pointer_at])
    capabilities = []
    for offset in offsets:
        room = config[offset : _next_start(offset, offsets, reg.CONVENTIONAL_SIZE)]
        layout = CONVENTIONAL.get(room[0])
        shape = (
            layout(room, around)
            if layout
            else _unmapped(_UNMAPPED_NAMES.get(room[0], f"unknown 0x{room[0]:02x}"), room, 2)
        )
        capabilities.append(_capability(config, offset, room, shape, _CONVENTIONAL_HEAD))
    return CapabilityList(tuple(capabilities), findings)


def conventional_offsets(config: bytes, number: int) -> tuple[int, ...]:
    """Where the capabilities of this id stand, in the order of their list.

    Decodes nothing; what is wrong with the list is for `conventional_capabilities` to tell.
    """
    pointer_at = reg.CAPABILITIES_POINTER.get(config[reg.HEADER_TYPE] & reg.HEADER_TYPE_MASK)
    if pointer_at is None or not config[reg.STATUS] & reg.STATUS_CAPABILITIES_LIST:
        return ()
    offsets, _ = _conventional_offsets(config, config[pointer_at])
    return tuple(offset for offset in offsets if config[offset] == number)


def extended_offsets(config: bytes, number: int) -> tuple[int, ...]:
    """Where the extended capabilities of this id stand. Decodes nothing, as
    `conventional_offsets`."""
    if len(config) < reg.EXTENDED_SIZE:
        return ()
    offsets, _ = _extended_offsets(config)
    return tuple(o for o in offsets if int.from_bytes(config[o : o + 2], "little") == number)


def extended_capabilities(config: bytes, lanes: int) -> CapabilityList:
    """The list that begins at 0x100; empty where extended space was not there or not read.

    `lanes` is the function's maximum link width, by which some capabilities repeat.
    """
    if len(config) < reg.EXTENDED_SIZE:
        return CapabilityList((), ())
    offsets, findings = _extended_offsets(config)
    capabilities = []
    for offset in offsets:
        room = config[offset : _next_start(offset, offsets, reg.EXTENDED_SIZE)]
        number = int.from_bytes(room[0:2], "little")
        shape = _extended_shape(number, room, lanes)
        capabilities.append(_capability(config, offset, room, shape, _EXTENDED_HEAD))
    return CapabilityList(tuple(capabilities), findings)


def maximum_link_width(capabilities: Sequence[Capability]) -> int:
    """Lanes of the link that the PCI Express capability tells of; 0 without one."""
    express = next((c for c in capabilities if c.id == reg.CAP_EXPRESS), None)
    if express is None:
        return 0
    width = dword(express.raw, reg.EXPRESS_LINK_CAPABILITIES) >> 4 & 0x3F
    return min(width, _MOST_LANES)


def _extended_shape(number: int, room: bytes, lanes: int) -> Shape:
    if number in PER_LANE:
        return PER_LANE[number](lanes)
    if number in EXTENDED:
        return EXTENDED[number](room)
    name = _UNMAPPED_EXTENDED_NAMES.get(number, f"unknown 0x{number:04x}")
    return _unmapped(name, room, 4)


_CONVENTIONAL_HEAD = (
    fixed("Capability ID", 0x00, 1),
    assigned("Next Capability Pointer", 0x01, 1, reg.CAPABILITY_POINTER_MASK),
)
_EXTENDED_HEAD = (
    fixed("Capability ID", 0x00, 4, 0x0000FFFF),
    fixed("Capability Version", 0x00, 4, 0x000F0000),
    assigned("Next Capability Pointer", 0x00, 4, reg.EXTENDED_POINTER_MASK << 20).shown_as(
        encoding.POINTER
    ),
)


def _conventional_offsets(
    config: bytes, pointer: int
) -> tuple[tuple[int, ...], tuple[Finding, ...]]:
    offsets: list[int] = []
    offset = pointer & reg.CAPABILITY_POINTER_MASK
    while offset:
        problem = _problem(offset, offsets, reg.HEADER_SIZE, config[offset : offset + 2])
        if problem:
            return tuple(offsets), (Finding(offset, problem),)
        offsets.append(offset)
        offset = config[offset + 1] & reg.CAPABILITY_POINTER_MASK
    return tuple(offsets), ()


def _extended_offsets(config: bytes) -> tuple[tuple[int, ...], tuple[Finding, ...]]:
    offsets: list[int] = []
    offset = reg.CONVENTIONAL_SIZE
    while offset:
        head = int.from_bytes(config[offset : offset + 4], "little")
        if head == 0 and not offsets:
            return (), ()
        problem = _problem(offset, offsets, reg.CONVENTIONAL_SIZE, config[offset : offset + 4])
        if problem:
            return tuple(offsets), (Finding(offset, problem),)
        offsets.append(offset)
        offset = head >> 20 & reg.EXTENDED_POINTER_MASK
    return tuple(offsets), ()


def _problem(offset: int, seen: Sequence[int], lowest: int, head: bytes) -> str | None:
    if offset < lowest:
        return f"the capability list points to 0x{offset:02x}, outside its room"
    if offset in seen:
        return f"the capability list loops back to 0x{offset:02x}"
    if head == b"\xff" * len(head):
        return f"the capability at 0x{offset:02x} reads as all ones"
    return None


def _next_start(offset: int, offsets: Sequence[int], end: int) -> int:
    return min((other for other in offsets if other > offset), default=end)


def _unmapped(name: str, room: bytes, start: int) -> Shape:
    rows: tuple[Row, ...] = tuple(
        fixed(f"data at 0x{offset:02x}", offset, 1) for offset in range(start, len(room))
    )
    return Shape(name, len(room), "no layout known: every byte counts as fixed", rows)


def _capability(
    config: bytes, offset: int, room: bytes, shape: Shape, head: tuple[Row, ...]
) -> Capability:
    length = min(shape.length, len(room))
    described = structure(shape.name, length, shape.source, (*head, *shape.rows))
    extended = head is _EXTENDED_HEAD
    return Capability(
        extended=extended,
        id=int.from_bytes(room[: 2 if extended else 1], "little"),
        version=room[2] & 0x0F if extended else None,
        name=shape.name,
        offset=offset,
        length=length,
        raw=room[:length],
        fields=read_fields(config, offset, described.fields),
    )
