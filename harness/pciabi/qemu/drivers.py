"""What device drivers a QEMU has and which properties they take: it is asked, not assumed."""

from __future__ import annotations

import re
import subprocess
from functools import cache

from pciabi.errors import InputError, QemuError
from pciabi.qemu.binary import Binary
from pciabi.vm.config import Device

_PROPERTY = re.compile(r"^\s+([\w.\[\]-]+)=<", re.MULTILINE)

_UNKNOWN = ("not found", "is not a valid device")


@cache
def _properties(binary: Binary, driver: str) -> frozenset[str] | None:
    result = subprocess.run(
        [*binary.command, "-device", f"{driver.replace(',', ',,')},help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # Some versions report an unknown driver and yet end with status 0.
    if any(words in result.stderr for words in _UNKNOWN):
        return None
    if result.returncode == 0 and result.stdout.strip():
        return frozenset(_PROPERTY.findall(result.stdout))
    words = result.stderr.strip().splitlines()
    raise QemuError(f"{binary.name} -device {driver},help failed: {words[-1] if words else ''}")


def accepted_properties(binary: Binary, device: Device) -> frozenset[str]:
    """The property names a device's driver takes; aliases (`virtio-net`) are resolved by QEMU.

    Raises InputError, at the device's position, for a driver this QEMU does not have.
    """
    found = _properties(binary, device.driver)
    if found is None:
        raise InputError(
            f"unknown device driver '{device.driver}' (device {device.id})",
            advice=f"{binary.name} -device help lists those of QEMU {binary.version_text}",
            place=device.position,
        )
    return found
