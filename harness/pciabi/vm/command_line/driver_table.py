"""QEMU's device drivers as recorded from QEMU itself: which are PCI, and what they take.

`drivers.json` is written by `script/record-drivers`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

_RECORDED = Path(__file__).with_name("drivers.json")
_CPU = re.compile(r".+-(x86_64|i386)-cpu")
# Their module needs OpenGL to be asked; they are these with a renderer added.
_RENDERING = {
    "virtio-gpu-gl-pci": "virtio-gpu-pci",
    "virtio-vga-gl": "virtio-vga",
    "virtio-gpu-gl-device": "virtio-gpu-device",
}


@dataclass(frozen=True)
class Driver:
    """One driver: whether it is a PCI device, and which of its properties take text or name
    another object. The others are numbers, switches and enumerations."""

    name: str
    is_pci: bool
    text: frozenset[str]


@dataclass(frozen=True)
class DriverTable:
    """Every recorded driver by name, the short names QEMU also takes, and the names of all
    properties that take no text."""

    drivers: Mapping[str, Driver]
    aliases: Mapping[str, str]
    plain: frozenset[str]

    def find(self, written: str) -> Driver | None:
        """The driver a configuration means by a name, or None."""
        name = self.aliases.get(written, written)
        if _CPU.fullmatch(name):
            return Driver(name, is_pci=False, text=frozenset({"hv-vendor-id", "vendor"}))
        return self.drivers.get(name)


@cache
def driver_table() -> DriverTable:
    """The recorded table."""
    data = json.loads(_RECORDED.read_bytes())
    drivers = {
        name: Driver(name, row["pci"], frozenset(row["text"]))
        for name, row in data["drivers"].items()
    }
    drivers |= {
        name: Driver(name, drivers[plain].is_pci, drivers[plain].text)
        for name, plain in _RENDERING.items()
    }
    return DriverTable(
        MappingProxyType(drivers), MappingProxyType(data["aliases"]), frozenset(data["plain"])
    )
