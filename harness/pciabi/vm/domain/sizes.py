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
    found = _scaled(size.text, unit)
    if found is None:
        raise InputError(
            f"<{device.name}>: <{size.name} unit='{unit[:40]}'> {size.text.strip()[:40]!r} "
            "is no size",
            place=size.start,
        )
    return found


def attribute_in_bytes(element: Element, name: str, plain_unit: str) -> int:
    """The same of a size that is an attribute beside its `unit`. Raises InputError."""
    text = element.attributes.get(name, "")
    found = _scaled(text, element.attributes.get("unit", plain_unit))
    if found is None:
        raise InputError(f"<{element.name}>: {name}='{text[:40]}' is no size", place=element.start)
    return found


def _scaled(text: str, unit: str) -> int | None:
    factor = _factor(unit)
    digits = text.strip()
    if factor is None or not (digits.isascii() and digits.isdigit()) or len(digits) > _LONGEST:
        return None
    return int(digits) * factor


def _factor(unit: str) -> int | None:
    if unit.lower() in ("b", "byte", "bytes"):
        return 1
    letter, suffix = unit[:1].upper(), unit[1:].lower()
    if not letter or letter not in _LETTERS or suffix not in ("", "b", "ib"):
        return None
    base: int = 1000 if suffix == "b" else 1024
    factor: int = base ** (_LETTERS.index(letter) + 1)
    return factor
