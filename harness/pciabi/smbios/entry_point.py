"""The SMBIOS entry point, by which a guest finds the structure table. Pure.

Source: DMTF, DSP0134, System Management BIOS Reference Specification 3.7, 5.2.1 (32-bit) and
5.2.2 (64-bit).
"""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.pci.function import Stored


@dataclass(frozen=True)
class EntryPoint(Stored):
    """An entry point: the anchor that a guest looks for in memory, which tells its kind, and the
    version of the specification that the table follows."""

    anchor: str
    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.anchor}, version {self.major}.{self.minor}"


# Of each anchor: how long such an entry point is at least, and where its version stands. Version
# 2.1 said 0x1e bytes where it meant 0x1f, and firmware has followed it.
_KINDS = {b"_SM_": (0x1E, 0x06), b"_SM3_": (0x18, 0x07)}


def entry_point(data: bytes) -> EntryPoint:
    """The entry point that these bytes begin with.

    Checksums are not looked at: those in QEMU's files are the firmware's to fill in. Raises
    ValueError.
    """
    for anchor, (length, version_at) in _KINDS.items():
        if data.startswith(anchor):
            if len(data) < length:
                raise ValueError(f"an SMBIOS entry point {anchor.decode()} of {len(data)} bytes")
            return EntryPoint(anchor.decode(), data[version_at], data[version_at + 1])
    raise ValueError(f"no SMBIOS entry point begins with {data[:5].hex(' ') or 'nothing'}")
