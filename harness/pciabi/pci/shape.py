"""What a layout table says of one capability, before it is cut to the room it has."""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.pci.layout import Row


@dataclass(frozen=True)
class Shape:
    """Name, natural length in bytes, source in the specifications, and rows."""

    name: str
    length: int
    source: str
    rows: tuple[Row, ...]
