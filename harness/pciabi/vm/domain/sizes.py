"""Sizes with a unit, as a domain writes them.

Source: libvirt, src/util/virutil.c, virScaleInteger.
"""

from __future__ import annotations

from pciabi.errors import InputError
from pciabi.vm.xml_tree import Element

_LETTERS = "KMGTPE"
_LONGEST = 20


def in_bytes(device: Element, size: Element, plain_unit: str) -> int:
    """A `<size unit='MiB'>16</size>` of a device in bytes; `plain_unit` is meant where none is
    written. Raises InputError."""
    unit = size.attributes.get("unit", plain_unit)
    factor = _factor(unit)
    text = size.text.strip()
    if factor is None or not (text.isascii() and text.isdigit()) or len(text) > _LONGEST:
        raise InputError(
            f"<{device.name}>: <{size.name} unit='{unit[:40]}'> {text[:40]!r} is no size",
            place=size.start,
        )
    return int(text) * factor


def _factor(unit: str) -> int | None:
    if unit.lower() in ("b", "byte", "bytes"):
        return 1
    letter, suffix = unit[:1].upper(), unit[1:].lower()
    if not letter or letter not in _LETTERS or suffix not in ("", "b", "ib"):
        return None
    base: int = 1000 if suffix == "b" else 1024
    factor: int = base ** (_LETTERS.index(letter) + 1)
    return factor
