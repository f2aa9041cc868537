"""What base address registers and the ROM register tell when ones are written to them.

Source: PCI Local Bus 3.0, 6.2.5.1 and 6.2.5.2; PCI-to-PCI Bridge Architecture 1.2, 3.2.5.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from pciabi.pci import registers as reg
from pciabi.pci.function import Bar, BarKind

_ONES = b"\xff\xff\xff\xff"
_KINDS = {
    reg.BAR_WIDTH_32: BarKind.MEM32,
    reg.BAR_WIDTH_1M: BarKind.MEM16,
    reg.BAR_WIDTH_64: BarKind.MEM64,
}


@dataclass(frozen=True)
class Span:
    """Neighbouring registers to size: where they stand, and the ones to write there."""

    offset: int
    ones: bytes


def spans(header_type: int) -> tuple[Span, ...]:
    """The registers of a header type that have a size: BARs, then the ROM. No ROM is enabled."""
    count = reg.BAR_COUNT.get(header_type, 0)
    found = [Span(reg.BAR_BASE, _ONES * count)] if count else []
    if header_type in reg.ROM_BAR:
        found.append(Span(reg.ROM_BAR[header_type], reg.ROM_ADDRESS_MASK.to_bytes(4, "little")))
    return tuple(found)


def bars(found: bytes, kept: bytes) -> tuple[Bar, ...]:
    """The BARs: `found` is what all base address registers held, `kept` what of the ones.

    The kind stands in what was found. Where a device lets its type bits be written (QEMU's
    pvpanic-pci does), the ones tell nothing of it.
    """
    kinds, masks = _registers(found), _registers(kept)
    result = []
    upper_half = False
    for index, (register, mask) in enumerate(zip(kinds, masks, strict=True)):
        if upper_half:
            upper_half = False
            continue
        if register & reg.BAR_IO:
            kind, mask = BarKind.IO, mask & ~reg.BAR_IO_TYPE_MASK
        else:
            kind = _KINDS.get(register & reg.BAR_WIDTH_MASK, BarKind.MEM32)
            mask &= ~reg.BAR_MEMORY_TYPE_MASK
        if kind is BarKind.MEM64 and index + 1 < len(masks):
            upper_half = True
            mask |= masks[index + 1] << 32
        if mask:
            prefetchable = kind is not BarKind.IO and bool(register & reg.BAR_PREFETCHABLE)
            result.append(Bar(index, kind, prefetchable, _lowest_bit(mask)))
    return tuple(result)


def _registers(raw: bytes) -> list[int]:
    return [int.from_bytes(raw[i : i + 4], "little") for i in range(0, len(raw), 4)]


def rom_size(kept: bytes) -> int | None:
    """The size of the expansion ROM, None without one."""
    mask = int.from_bytes(kept, "little") & reg.ROM_ADDRESS_MASK
    return _lowest_bit(mask) if mask else None


def _lowest_bit(mask: int) -> int:
    return mask & -mask
