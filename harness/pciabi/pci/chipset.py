"""What is particular to the chipsets QEMU has.

There are device-specific registers that firmware fills in at every boot. What stands there
depends on the firmware and on the devices present, and is no part of the hardware: each row was
seen to differ between SeaBIOS and OVMF, or with the devices present.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pciabi.pci import registers as reg

# Intel 82441FX (i440FX) datasheet, 290549: PAM[0:6] says which parts of the first megabyte are
# copied to RAM, SMRAM where system management code lies.
_I440FX = frozenset(range(0x59, 0x60)) | {0x72}
# Intel 82371SB (PIIX3) datasheet, 290550: PIRQRC[A:D] routes interrupts.
_PIIX3 = frozenset(range(0x60, 0x64))
# The same: IDETIM enables the two channels and sets their timing.
_PIIX3_IDE = frozenset(range(0x40, 0x44))
# Intel 82371AB (PIIX4) datasheet, 290562: PMBA and SMBBA are the ports of power management and
# SMBus, DEVACTB enables the SMI of the APM port.
_PIIX4_PM = frozenset({*range(0x40, 0x44), *range(0x58, 0x5C), *range(0x90, 0x94)})
# Intel 3 Series Express Chipset datasheet, 316966: PCIEXBAR is where extended configuration
# space lies; PAM[0:6] and SMRAM as above.
_Q35_MCH = frozenset({*range(0x60, 0x68), *range(0x90, 0x97), 0x9D})
# Intel ICH9 datasheet, 316972: PIRQ[A:D]_ROUT, PIRQ[E:H]_ROUT; GEN_PMCON_1 locks the SMIs.
_ICH9_LPC = frozenset({*range(0x60, 0x64), *range(0x68, 0x6C), 0xA0, 0xA1})

ASSIGNED: Mapping[tuple[int, int], frozenset[int]] = MappingProxyType(
    {
        (0x8086, 0x1237): _I440FX,
        (0x8086, 0x7000): _PIIX3,
        (0x8086, 0x7010): _PIIX3_IDE,
        (0x8086, 0x7113): _PIIX4_PM,
        (0x8086, 0x29C0): _Q35_MCH,
        (0x8086, 0x2918): _ICH9_LPC,
    }
)


def assigned_registers(config: bytes) -> frozenset[int]:
    """The offsets firmware assigns in the function with this configuration space."""
    vendor = int.from_bytes(config[reg.VENDOR_ID : reg.VENDOR_ID + 2], "little")
    device = int.from_bytes(config[reg.DEVICE_ID : reg.DEVICE_ID + 2], "little")
    return ASSIGNED.get((vendor, device), frozenset())


# Intel 82441FX (PMC) datasheet, 290549: configuration mechanism 1 only, which ends at 0xff.
_WITHOUT_EXTENDED_SPACE = frozenset({(0x8086, 0x1237)})


def reaches_extended_space(host_bridge: bytes) -> bool:
    """Whether the machine with this host bridge may let a guest read beyond 256 bytes."""
    vendor = int.from_bytes(host_bridge[reg.VENDOR_ID : reg.VENDOR_ID + 2], "little")
    device = int.from_bytes(host_bridge[reg.DEVICE_ID : reg.DEVICE_ID + 2], "little")
    return (vendor, device) not in _WITHOUT_EXTENDED_SPACE


# The same; Intel 3 Series Express Chipset datasheet, 316966 (device 0 is no PCI Express function,
# as QEMU's is none); QEMU's expander bridges, which are conventional functions.
_ENDS_EARLY = _WITHOUT_EXTENDED_SPACE | {(0x8086, 0x29C0)} | reg.EXPANDER_BRIDGES


def has_no_extended_space(host_bridge: bytes) -> bool:
    """Whether this host bridge itself is known to end at 256 bytes, wherever others go on."""
    vendor = int.from_bytes(host_bridge[reg.VENDOR_ID : reg.VENDOR_ID + 2], "little")
    device = int.from_bytes(host_bridge[reg.DEVICE_ID : reg.DEVICE_ID + 2], "little")
    return (vendor, device) in _ENDS_EARLY
