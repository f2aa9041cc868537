"""Version 2 had a key for each fact of a function, told those that were not read apart from the
others in a list, and kept the network interfaces of all functions in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SCHEMA = "pciabi-snapshot/2"
_NEXT = "pciabi-snapshot/3"

_KEPT = ("address", "path", "id", "device", "name", "summary", "size", "config", "known")
_IDENTIFYING = ("mac", "serial", "acpi-index", "mount_tag")


def upgraded(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document as version 3 has it. Raises KeyError and the like for a malformed one."""
    is_cold = data["provenance"]["probe"] == "cold"
    return {
        **{name: part for name, part in data.items() if name != "interfaces"},
        "schema": _NEXT,
        "functions": [
            {
                **{name: function[name] for name in _KEPT if name in function},
                **({"path": None} if "path" in function["unread"] else {}),
                "facts": _facts(function, data["interfaces"], is_cold=is_cold),
            }
            for function in data["functions"]
        ],
        "facts": {},
    }


def _facts(
    function: Mapping[str, Any], interfaces: Sequence[Mapping[str, Any]], *, is_cold: bool
) -> dict[str, Any]:
    unread = function["unread"]
    facts: dict[str, Any] = {}
    if "BARs" not in unread:
        facts["bars"] = {"listed": function["bars"], "sized": "BAR sizes" not in unread}
    if "expansion ROM" not in unread:
        facts["rom"] = function["rom_size"]
    # Older files call the driver of a paused machine, which has none, read.
    if "kernel driver" not in unread and not is_cold:
        facts["driver"] = function["driver"]
    facts |= _identifying_facts(function["identifiers"])
    here = [
        {name: value for name, value in nic.items() if name != "address"}
        for nic in interfaces
        if nic["address"] == function["address"]
    ]
    return facts | ({"interfaces": here} if here else {})


def _identifying_facts(identifiers: Sequence[Mapping[str, Any]] | None) -> dict[str, Any]:
    if identifiers is None:
        return {}
    stated = {
        one["name"]: {name: value for name, value in one.items() if name != "name"}
        for one in identifiers
    }
    # What is none of these validation refuses.
    return {**dict.fromkeys(_IDENTIFYING), **stated}
