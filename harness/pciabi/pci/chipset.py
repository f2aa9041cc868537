"""Device-specific registers of chipset functions that firmware fills in at every boot.

What stands there depends on the devices present and is no part of the hardware.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pciabi.pci import registers as reg

# PIRQ routing. Sources: Intel 82371SB (PIIX3) datasheet, 290550, PIRQRC[A:D]; Intel ICH9
# datasheet, 316972, PIRQ[A:D]_ROUT and PIRQ[E:H]_ROUT.
_PIRQ_A_TO_D = frozenset(range(0x60, 0x64))
_PIRQ_E_TO_H = frozenset(range(0x68, 0x6C))

ASSIGNED: Mapping[tuple[int, int], frozenset[int]] = MappingProxyType(
    {
        (0x8086, 0x7000): _PIRQ_A_TO_D,
        (0x8086, 0x2918): _PIRQ_A_TO_D | _PIRQ_E_TO_H,
    }
)


def assigned_registers(config: bytes) -> frozenset[int]:
    """The offsets firmware assigns in the function with this configuration space."""
    vendor = int.from_bytes(config[reg.VENDOR_ID : reg.VENDOR_ID + 2], "little")
    device = int.from_bytes(config[reg.DEVICE_ID : reg.DEVICE_ID + 2], "little")
    return ASSIGNED.get((vendor, device), frozenset())
