"""One form for values that QEMU takes for the same, however they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

# JSON says in types what key=value form says in words.
_WORDS: Mapping[str, str] = MappingProxyType(
    {"true": "on", "false": "off", "True": "on", "False": "off", "yes": "on", "no": "off"}
)


_SIZE = re.compile(r"(\d{1,15})([kKmMgG])", re.ASCII)
_UNITS: Mapping[str, int] = MappingProxyType({"k": 10, "m": 20, "g": 30})


def in_one_form(value: str) -> str:
    """`16` for 0x10, `16384` for 16k, `on` for JSON's true."""
    if value in _WORDS:
        return _WORDS[value]
    if size := _SIZE.fullmatch(value):
        return str(int(size[1]) << _UNITS[size[2].lower()])
    try:
        return str(int(value, 0))
    except ValueError:
        return value
