"""What a bridge's configuration space tells whoever walks through it."""

from __future__ import annotations

from pciabi.pci import registers as reg
from pciabi.pci.capabilities import conventional_offsets

_ABOVE_A_LINK = (reg.EXPRESS_TYPE_ROOT_PORT, reg.EXPRESS_TYPE_DOWNSTREAM_PORT)

# QEMU, docs/pcie_pci_bridge.txt: a vendor-specific capability of type 1, 32 bytes long, of the
# root port and the PCI bridge of vendor 1b36. A count of all ones asks for nothing.
_RESERVING = frozenset({(0x1B36, 0x0001), (0x1B36, 0x000C)})
_LENGTH_AT, _TYPE_AT, _COUNT_AT = 2, 3, 4
_RESERVATION = 1
_LENGTH = 32
_UNSAID = 0xFFFFFFFF


def express_type(config: bytes) -> int | None:
    """The device or port type of a PCI Express function, None for a conventional one."""
    for offset in conventional_offsets(config, reg.CAP_EXPRESS):
        return config[offset + 2] >> 4
    return None


def leads_to_a_link(config: bytes) -> bool:
    """Whether only slot 0 lies behind it (PCI Express Base 5.0, 7.3.1)."""
    return express_type(config) in _ABOVE_A_LINK


def reserved_buses(config: bytes) -> int | None:
    """How many bus numbers firmware is asked to keep behind it, besides the secondary bus, for
    bridges that are plugged in later; None where it is asked nothing."""
    ids = (
        int.from_bytes(config[reg.VENDOR_ID : reg.VENDOR_ID + 2], "little"),
        int.from_bytes(config[reg.DEVICE_ID : reg.DEVICE_ID + 2], "little"),
    )
    if ids not in _RESERVING:
        return None
    for offset in conventional_offsets(config, reg.CAP_VENDOR):
        raw = config[offset : offset + _LENGTH]
        if raw[_TYPE_AT] == _RESERVATION and raw[_LENGTH_AT] >= _LENGTH:
            count = int.from_bytes(raw[_COUNT_AT : _COUNT_AT + 4], "little")
            return None if count == _UNSAID else count & 0xFF
    return None
