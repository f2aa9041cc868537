"""The serial number that the configuration gives a disk.

Linux names disks by it below /dev/disk/by-id, and Windows tells disks of one model by it.
"""

from __future__ import annotations

from pciabi.abi.family import StoodInFor
from pciabi.abi.identifying import Identifier, identifying_family
from pciabi.abi.identity import identity
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.facts import Key

KEY: Key[Identifier | None] = Key("serial")

_VIRTIO_DISKS = {(0x1AF4, 0x1001), (0x1AF4, 0x1042)}
_NVME_CLASS = 0x0108


def _is_disk(function: PlacedFunction) -> bool:
    vendor, device, class_code = identity(function)
    return (vendor, device) in _VIRTIO_DISKS or class_code >> 8 == _NVME_CLASS


FAMILY = identifying_family(
    KEY,
    "serial number",
    rank=120,
    stood_in_for=StoodInFor.TELLS_IN_BOTH,
    is_usual=_is_disk,
)
