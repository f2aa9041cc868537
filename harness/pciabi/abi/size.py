"""Sizes of address ranges, as people write them."""

from __future__ import annotations

_UNITS = ("", "K", "M", "G", "T", "P", "E")

SIZE_UNKNOWN = "size unknown"


def shown_size(size: int | None) -> str:
    """A size in bytes the way lspci writes it: `16K`, `1M`."""
    if size is None:
        return SIZE_UNKNOWN
    unit = 0
    while size and size % 1024 == 0 and unit < len(_UNITS) - 1:
        size //= 1024
        unit += 1
    return f"{size}{_UNITS[unit]}"
