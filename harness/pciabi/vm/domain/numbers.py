"""Numbers and switches as a domain writes them."""

from __future__ import annotations

import re

from pciabi.errors import InputError
from pciabi.vm.xml_tree import Element

# At most 64 bits: more is no number of libvirt's.
_NUMBER = re.compile(r"0[xX]([0-9a-fA-F]{1,16})|0([0-7]{1,22})|(\d{1,20})", re.ASCII)


def number(element: Element, attribute: str, default: int = 0) -> int:
    """An attribute's number, in C's notations: 10, 0xa, 012. Raises InputError."""
    text = element.attributes.get(attribute, "").strip()
    if not text:
        return default
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise InputError(
            f"<{element.name}>: {attribute}='{text[:40]}' is not a number", place=element.start
        )
    hexadecimal, octal, decimal = match.groups()
    if hexadecimal:
        return int(hexadecimal, 16)
    return int(octal, 8) if octal else int(decimal)


def switch(element: Element | None, attribute: str) -> bool | None:
    """An attribute that says on or off (yes or no), None where it is not there.

    Raises InputError for another word.
    """
    text = element.attributes.get(attribute) if element is not None else None
    if element is None or text is None:
        return None
    if text in ("on", "yes"):
        return True
    if text in ("off", "no"):
        return False
    raise InputError(
        f"<{element.name}>: {attribute}='{text[:40]}' is neither on nor off", place=element.start
    )


def on_or_off(element: Element | None, attribute: str) -> str | None:
    """The same as QEMU takes it where `auto` is a third value. Raises InputError."""
    value = switch(element, attribute)
    return None if value is None else "on" if value else "off"
