"""What SMBIOS tells a guest, from the files that QEMU has for the firmware."""

from __future__ import annotations

from pciabi.abi.facts.smbios import KEY, Smbios
from pciabi.errors import QemuError
from pciabi.pci.facts import UNREAD, Unread
from pciabi.probe.fact_readers import Emulated, MachineReader
from pciabi.smbios.entry_point import entry_point
from pciabi.smbios.named_devices import named_devices
from pciabi.smbios.named_fields import named_fields
from pciabi.smbios.structures import structures

_ANCHOR, _TABLES = "etc/smbios/smbios-anchor", "etc/smbios/smbios-tables"


def smbios(anchor: bytes, tables: bytes) -> Smbios:
    """The facts in an entry point and the table that it leads to. Raises ValueError."""
    entry = entry_point(anchor)
    listed = tuple(structures(tables))
    return Smbios(entry, tuple(named_fields(entry, listed)), tuple(named_devices(listed)))


def _read(machine: Emulated) -> Smbios | Unread | None:
    if machine.paused is None:
        return UNREAD
    anchor, tables = machine.paused.firmware.read(_ANCHOR, _TABLES)
    if not anchor and not tables:
        return None
    try:
        return smbios(anchor, tables)
    except ValueError as error:
        raise QemuError(f"QEMU's SMBIOS tables make no sense: {error}") from error


READERS = (MachineReader(KEY, _read),)
