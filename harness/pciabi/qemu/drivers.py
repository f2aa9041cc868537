"""What device drivers a QEMU has and which properties they take: it is asked, not assumed."""

from __future__ import annotations

import re
from functools import cache

from pciabi import programs
from pciabi.errors import QemuError, Refusal
from pciabi.programs import Bounds
from pciabi.qemu.binary import Binary
from pciabi.vm.config import Device

_BOUNDS = Bounds(seconds=20)
_PROPERTY = re.compile(r"^\s+([\w.\[\]-]+)=<", re.MULTILINE)

_UNKNOWN = ("not found", "is not a valid device")


@cache
def _properties(binary: Binary, driver: str) -> frozenset[str] | None:
    asked = f"{binary.name} -device {driver},help"
    try:
        said = programs.run(
            [*binary.command, "-device", f"{driver.replace(',', ',,')},help"], _BOUNDS
        )
    except programs.Fault as fault:
        raise QemuError(f"{asked} {fault}") from fault
    # Some versions report an unknown driver and yet end with status 0.
    if any(words in said.complaint for words in _UNKNOWN):
        return None
    if said.status == 0 and said.text.strip():
        return frozenset(_PROPERTY.findall(said.text))
    raise QemuError(f"{asked} failed: {programs.last_words(said.complaint) or 'no output'}")


def has(binary: Binary, driver: str) -> bool:
    """Whether a QEMU has a driver, its modules included. Raises QemuError."""
    return _properties(binary, driver) is not None


def accepted_properties(binary: Binary, device: Device) -> frozenset[str]:
    """The property names a device's driver takes; aliases (`virtio-net`) are resolved by QEMU.

    Raises Refusal, at the device's position, for a driver this QEMU does not have.
    """
    found = _properties(binary, device.driver)
    if found is None:
        raise Refusal(
            f"unknown device driver '{device.driver}' (device {device.id})",
            advice=f"{binary.name} -device help lists those of QEMU {binary.version_text}",
            place=device.position,
        )
    return found
