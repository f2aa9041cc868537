"""The property `rombar`, taken from QEMU's device tree."""

from __future__ import annotations

from pciabi.abi.facts.rom_bar import KEY, RomBar

from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.facts import UNREAD, Unread
from pciabi.probe.fact_readers import Emulated, FunctionReader


def _read(machine: Emulated, function: PlacedFunction) -> RomBar | Unread | None:
    listed = machine.tree.get(function.path)
    if listed is None:
        return UNREAD
    value = listed.properties.get("rombar")
    return RomBar(value) if value is not None else None


READERS = (FunctionReader(KEY, _read),)
