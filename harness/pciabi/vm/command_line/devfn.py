"""The two ways in which QEMU takes a PCI address: text, and in JSON a number as well."""

from __future__ import annotations

AUTOMATIC = "-1"
"""As a number in JSON: whatever slot is free. As text QEMU refuses it."""


def as_text(number: int) -> str:
    """A number in JSON in the words `addr=` takes: 41 is function 1 of slot 5, `5.1`.

    QEMU takes numbers from -1 (any slot) to 255. Others are no address and stay what they are.
    """
    return f"{number >> 3:x}.{number & 7}" if number >= 0 else str(number)
