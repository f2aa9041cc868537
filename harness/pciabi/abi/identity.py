"""What a function says that it is: the ids that every snapshot tells."""

from __future__ import annotations

from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci import registers as reg

NETWORK_CLASS = 0x02


def identity(function: PlacedFunction) -> tuple[int, int, int]:
    """Vendor id, device id and class code, as configuration space holds them."""
    config = function.function.config
    return (
        int.from_bytes(config[reg.VENDOR_ID : reg.VENDOR_ID + 2], "little"),
        int.from_bytes(config[reg.DEVICE_ID : reg.DEVICE_ID + 2], "little"),
        int.from_bytes(config[reg.CLASS_CODE : reg.CLASS_CODE + 3], "little"),
    )


def is_network_function(function: PlacedFunction) -> bool:
    """Whether its class says that it is a NIC."""
    return function.function.config[reg.CLASS + 1] == NETWORK_CLASS
