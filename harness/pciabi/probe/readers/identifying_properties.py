"""MAC addresses, serial numbers, ACPI indices and mount tags, taken from QEMU's device tree."""

from __future__ import annotations

from pciabi.abi.facts import acpi_index, mac, mount_tag, serial_number
from pciabi.abi.identifying import Identifier
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.facts import UNREAD, Key, Unread
from pciabi.probe.fact_readers import Emulated, FunctionReader

# What QEMU prints for a property without a value, besides nothing.
_NO_VALUE = {acpi_index.KEY: "0"}


def _reader(
    key: Key[Identifier | None],
) -> FunctionReader[Emulated, Identifier | None]:
    def read(machine: Emulated, function: PlacedFunction) -> Identifier | Unread | None:
        listed = machine.tree.get(function.path)
        if listed is None:
            return UNREAD
        value = listed.properties.get(key.name, "")
        if value in ("", _NO_VALUE.get(key)):
            return None
        # Anything but a MAC address has a value only where the configuration gives it one.
        return Identifier(value, stated=key != mac.KEY or value in machine.stated_macs)

    return FunctionReader(key, read)


READERS = tuple(map(_reader, (mac.KEY, serial_number.KEY, acpi_index.KEY, mount_tag.KEY)))
