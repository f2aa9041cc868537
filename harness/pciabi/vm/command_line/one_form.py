"""One form for values that QEMU takes for the same, however they are written."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# JSON says in types what key=value form says in words.
_WORDS: Mapping[str, str] = MappingProxyType(
    {"true": "on", "false": "off", "True": "on", "False": "off", "yes": "on", "no": "off"}
)


def in_one_form(value: str) -> str:
    """`16` for 0x10, `on` for JSON's true."""
    if value in _WORDS:
        return _WORDS[value]
    try:
        return str(int(value, 0))
    except ValueError:
        return value
