"""What a boot is remembered by. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.abi.snapshot import Snapshot


@dataclass(frozen=True)
class BootRecord:
    """A boot that succeeded: what was seen, and the evidence. `seconds` is its wall time."""

    snapshot: Snapshot
    lspci: str
    console: str
    seconds: float
