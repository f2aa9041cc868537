"""EISA ids: the names of hardware that AML writes as integers.

Source: ACPI 6.5, 19.6.36 (three letters of five bits and four hexadecimal digits, big-endian).
"""

from __future__ import annotations


def eisa_id(number: int) -> str:
    """The id that an integer stands for (`PNP0A08`)."""
    swapped = int.from_bytes((number & 0xFFFF_FFFF).to_bytes(4, "little"), "big")
    letters = "".join(chr(0x40 + (swapped >> shift & 0x1F)) for shift in (26, 21, 16))
    return f"{letters}{swapped & 0xFFFF:04X}"
