"""Snapshot files of older versions, brought into the form of the newest.

The hypervisor such a file remembers is usually gone, so it is never refused. What its version
did not hold was not read, unless the rest of the file tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pciabi.snapshots.upgrades import from_first, from_second
from pciabi.snapshots.version import SCHEMA

_Document = Mapping[str, Any]

_STEPS: Mapping[str, Callable[[_Document], _Document]] = MappingProxyType(
    {from_first.SCHEMA: from_first.upgraded, from_second.SCHEMA: from_second.upgraded}
)

READABLE = (*_STEPS, SCHEMA)
"""The versions that are read, the oldest first."""


def upgraded(data: _Document) -> _Document:
    """The document in the newest version's form. What is malformed in it is left as it is, for
    validation to find."""
    try:
        while (step := _STEPS.get(data["schema"])) is not None:
            data = step(data)
        return data
    except (AttributeError, KeyError, TypeError, ValueError):
        return {**data, "schema": SCHEMA}
