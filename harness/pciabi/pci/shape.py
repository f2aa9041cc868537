"""What a layout table says of one capability, before it is cut to the room it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pciabi.pci.layout import Row


@dataclass(frozen=True)
class Shape:
    """Name, natural length in bytes, source in the specifications, and rows."""

    name: str
    length: int
    source: str
    rows: tuple[Row, ...]


def constant(name: str, length: int, source: str, *rows: Row) -> Callable[[bytes], Shape]:
    """The layout of a capability that always looks the same."""
    shape = Shape(name, length, source, rows)
    return lambda _raw: shape
