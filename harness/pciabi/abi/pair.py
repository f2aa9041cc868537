"""Two functions taken for one device. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pciabi.abi.snapshot import PlacedFunction


class Basis(StrEnum):
    """Why two functions are taken for the same device."""

    MAC = "same stated MAC address"
    SERIAL = "same stated serial number"
    QDEV_ID = "same qdev id"
    PATH = "same ids at the same path"
    IDENTITY = "same ids elsewhere"
    PLACE = "only the path is the same"


@dataclass(frozen=True)
class Pair:
    """One device before and after, and what makes it the same one."""

    before: PlacedFunction
    after: PlacedFunction
    basis: Basis
