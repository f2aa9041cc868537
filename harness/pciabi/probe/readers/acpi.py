"""What ACPI's tables say of PCI, as QEMU makes them for the firmware.

The tables are read and decoded once for all families. Where QEMU makes none, ACPI is either
switched off, and then there is none, or the machine type is of the time when the firmware made
them: QEMU's own property tells which (`acpi=`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from pciabi.abi.facts import acpi_index_seen, acpi_slot, acpi_tables, root_bridges
from pciabi.abi.facts.acpi_slot import AcpiSlot
from pciabi.abi.facts.acpi_tables import AcpiTable, AcpiTables, EcamWindow
from pciabi.abi.facts.root_bridges import RootBridge
from pciabi.abi.snapshot import PlacedFunction
from pciabi.acpi import linker
from pciabi.acpi.decoding import FILE, SCRIPT, Decoded, decode
from pciabi.acpi.pci_devices import IndexRegisters, PciDevices, RootBridgeDevice
from pciabi.acpi.undecodable import Undecodable
from pciabi.errors import QemuError
from pciabi.pci.address import TopologyPath
from pciabi.pci.facts import UNREAD, Unread
from pciabi.probe.fact_readers import Emulated, FunctionsReader, MachineReader, Paused
from pciabi.qemu import qtest

_HASH_LENGTH = 16
_SLOT_REGISTER = 4
_NO_INDEX = frozenset({0, 0xFFFF_FFFF})
_OFF = "off"
_NO_ACPI = decode(b"", b"")
_OF_FIRMWARE = Decoded((), (), (), None, acpi_tables.OF_FIRMWARE.problem)


def _decoded(machine: Emulated) -> Decoded | Unread:
    """The tables of a machine, none where ACPI is switched off. Raises QemuError."""
    if machine.paused is None or not machine.paused.firmware.is_there:
        return UNREAD
    firmware = machine.paused.firmware
    (script,) = firmware.read(SCRIPT)
    if not script:
        return _NO_ACPI if _is_switched_off(machine) else _OF_FIRMWARE
    try:
        extent = linker.extent(script, FILE)
    except Undecodable as error:
        raise QemuError(f"QEMU's instructions for ACPI tables are wrong: {error}") from error
    return decode(firmware.beginning(FILE, extent), script)


def _is_switched_off(machine: Emulated) -> bool:
    try:
        return machine.monitor.get("/machine", "acpi") == _OFF
    except QemuError:
        # A machine without the property is not said to have no tables.
        return False


def _tables(machine: Emulated) -> AcpiTables | Unread:
    decoded = _decoded(machine)
    if decoded is UNREAD:
        return UNREAD
    return AcpiTables(
        tuple(
            AcpiTable(table.signature, table.oem_table_id, _hash(content))
            for table, content in zip(decoded.tables, decoded.contents, strict=True)
        ),
        tuple(EcamWindow(one.segment, one.first_bus, one.last_bus) for one in decoded.windows),
        decoded.problem,
    )


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_HASH_LENGTH]


def _root_bridges(machine: Emulated) -> tuple[RootBridge, ...] | Unread:
    decoded = _decoded(machine)
    if decoded is UNREAD or decoded.devices is None:
        return UNREAD
    return tuple(map(_root_bridge, decoded.devices.root_bridges))


def _root_bridge(device: RootBridgeDevice) -> RootBridge:
    return RootBridge(
        device.hardware_id,
        device.compatible_ids,
        device.unique_id,
        device.segment,
        device.bus,
        device.proximity,
    )


def _slots(
    machine: Emulated, functions: Sequence[PlacedFunction]
) -> Mapping[TopologyPath, AcpiSlot | None]:
    decoded = _decoded(machine)
    if decoded is UNREAD or decoded.devices is None:
        return {}
    return {one.path: _slot(decoded.devices, one.path) for one in functions}


def _slot(devices: PciDevices, path: TopologyPath) -> AcpiSlot | None:
    slot = devices.slot(path.root, path.hops)
    if slot is None:
        return None
    return AcpiSlot(slot.number, slot.is_ejectable, slot.has_dsm, slot.proximity)


def _indices(
    machine: Emulated, functions: Sequence[PlacedFunction]
) -> Mapping[TopologyPath, int | None]:
    decoded = _decoded(machine)
    if machine.paused is None or decoded is UNREAD or decoded.devices is None:
        return {}
    found: dict[TopologyPath, int | None] = {}
    asked: dict[TopologyPath, IndexRegisters] = {}
    for path in (function.path for function in functions):
        try:
            index = decoded.devices.index(path.root, path.hops)
        except Undecodable:
            continue
        if isinstance(index, IndexRegisters):
            asked[path] = index
        else:
            found[path] = index
    return found | dict(zip(asked, _by_registers(machine.paused, asked.values()), strict=True))


def _by_registers(paused: Paused, asked: Iterable[IndexRegisters]) -> list[int | None]:
    """What QEMU's hot-plug registers say, as a guest's `_DSM` asks them. Nobody else does."""
    commands = []
    for one in asked:
        slot_port = one.port + _SLOT_REGISTER
        commands += [
            f"outl {one.port:#x} {one.selector:#x}",
            f"outl {slot_port:#x} {1 << one.slot:#x}",
            f"inl {slot_port:#x}",
        ]
    answers = paused.qtest.run(commands)[2::3] if commands else []
    indices = (qtest.number(answer) & 0xFFFF_FFFF for answer in answers)
    return [None if index in _NO_INDEX else index for index in indices]


READERS = (
    MachineReader(acpi_tables.KEY, _tables),
    MachineReader(root_bridges.KEY, _root_bridges),
    FunctionsReader(acpi_slot.KEY, _slots),
    FunctionsReader(acpi_index_seen.KEY, _indices),
)
