"""BARs and ROM from what they keep of ones, for registers made the way devices make them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pciabi.pci.function import Bar, BarKind
from pciabi.pci.sizing import bars, rom_size, spans

TYPE_BITS = {BarKind.IO: 1, BarKind.MEM32: 0, BarKind.MEM16: 2, BarKind.MEM64: 4}


@st.composite
def devices(draw: st.DrawFn) -> tuple[tuple[Bar, ...], bytes, bytes]:
    """BARs, what their registers hold, and what stays there of ones."""
    listed: list[Bar] = []
    found: list[int] = []
    kept: list[int] = []
    while len(found) < 6:
        kind = draw(st.sampled_from([None, *BarKind]))
        if kind is None or (kind is BarKind.MEM64 and len(found) == 5):
            found.append(0)
            kept.append(0)
            continue
        prefetchable = kind is not BarKind.IO and draw(st.booleans())
        low = 2 if kind is BarKind.IO else 4
        size = 1 << draw(st.integers(low, 62 if kind is BarKind.MEM64 else 31))
        type_bits = TYPE_BITS[kind] | (8 if prefetchable else 0)
        listed.append(Bar(len(found), kind, prefetchable, size))
        mask = -size & (1 << 64) - 1
        place = draw(st.integers(0, (1 << 64) - 1)) & mask
        found.append(place & 0xFFFFFFFF | type_bits)
        kept.append(mask & 0xFFFFFFFF | type_bits)
        if kind is BarKind.MEM64:
            found.append(place >> 32)
            kept.append(mask >> 32)
    return tuple(listed), packed(found), packed(kept)


def packed(registers: list[int]) -> bytes:
    return b"".join(register.to_bytes(4, "little") for register in registers)


@given(devices())
def test_bars_are_what_the_device_has(device: tuple[tuple[Bar, ...], bytes, bytes]) -> None:
    listed, found, kept = device
    assert bars(found, kept) == listed


@given(st.binary(min_size=24, max_size=24), st.binary(min_size=24, max_size=24))
def test_any_registers_give_bars_in_order(found: bytes, kept: bytes) -> None:
    indexes = [bar.index for bar in bars(found, kept)]
    assert indexes == sorted(set(indexes))
    assert all(bar.size for bar in bars(found, kept))


def test_type_bits_that_can_be_written_tell_nothing() -> None:
    # QEMU's pvpanic-pci: two bytes of memory, whose mask reaches into the type bits.
    (bar,) = bars(packed([0]), packed([0xFFFFFFFE]))
    assert bar == Bar(0, BarKind.MEM32, prefetchable=False, size=16)


@given(st.integers(11, 31))
def test_a_rom_has_the_size_of_its_lowest_bit(power: int) -> None:
    kept = (-(1 << power) & 0xFFFFF800 | 1).to_bytes(4, "little")
    assert rom_size(kept) == 1 << power


def test_no_rom() -> None:
    assert rom_size(bytes(4)) is None
    assert rom_size(b"\x01\0\0\0") is None


def test_sizing_never_enables_a_rom() -> None:
    for header_type in (0, 1):
        *_, rom = spans(header_type)
        assert not rom.ones[0] & 1
