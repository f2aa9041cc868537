"""Snapshot files of older versions, brought into the form of the newest.

The hypervisor such a file remembers is usually gone, so it is never refused. What its version
did not hold was not read, unless the rest of the file tells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pciabi.abi.snapshot import IdentifierName
from pciabi.pci import registers as reg
from pciabi.pci.chipset import reaches_extended_space
from pciabi.snapshots.schema import SCHEMA
from pciabi.vm.command_line.device_options import device_options
from pciabi.vm.command_line.stated_macs import as_printed

_FIRST = "pciabi-snapshot/1"
READABLE = (_FIRST, SCHEMA)
"""The versions that are read, the oldest first."""


def upgraded(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document in the newest version's form. What is malformed in it is left as it is, for
    validation to find."""
    try:
        return _from_first(data) if data["schema"] == _FIRST else data
    except (AttributeError, KeyError, TypeError, ValueError):
        return {**data, "schema": SCHEMA}


def _from_first(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Version 1 took what stood in a file for everything, held no identifying properties, and
    did not say of which type the devices are that a substitution is about."""
    told = _told_by_options(data["provenance"]["command_line"])
    is_text = data["provenance"]["probe"] == "lspci"
    ends_early = _ends_early(data["functions"])
    return {
        **data,
        "schema": SCHEMA,
        "functions": [
            {
                "known": "all",
                "unread": [],
                **(_extended(function) if ends_early else function),
                "identifiers": None if is_text else _identifiers(function, told),
            }
            for function in data["functions"]
        ],
        "substitutions": [{**one, "device": _nameless_user(one)} for one in data["substitutions"]],
    }


def _ends_early(functions: list[dict[str, Any]]) -> bool:
    """Whether nobody could have read extended space of functions that may have it."""
    sizes = {function["size"] for function in functions}
    hosts = [_bytes(f, 0, 4) for f in functions if f["address"] == "0000:00:00.0"]
    return reg.EXTENDED_SIZE not in sizes and any(map(reaches_extended_space, hosts))


def _extended(function: dict[str, Any]) -> dict[str, Any]:
    """The function with room for what nobody read of it, where it may have any."""
    express = "PCI Express" in "".join(function.get("summary", ()))
    host_bridge = _bytes(function, reg.CLASS, 2) == reg.CLASS_HOST_BRIDGE.to_bytes(2, "little")
    if function["size"] != reg.CONVENTIONAL_SIZE or "known" in function:
        return function
    if not (express or host_bridge):
        return function
    rows = {f"{start:02x}": " ".join(["ff"] * 16) for start in range(0, 0x100, 16)}
    return {**function, "size": reg.EXTENDED_SIZE, "known": rows}


def _bytes(function: dict[str, Any], offset: int, length: int) -> bytes:
    row = function["config"].get(f"{offset & ~0xF:02x}", "00 " * 16)
    return bytes.fromhex(row)[offset & 0xF :][:length]


def _told_by_options(command_line: list[str]) -> Mapping[str, Mapping[str, str]]:
    """What the command line says of each device that has an id."""
    return {
        option.id: option.properties
        for option in device_options(command_line)
        if option.id is not None
    }


def _identifiers(
    function: dict[str, Any], told: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]] | None:
    """What was stated of the device; None where something may have been that nobody kept."""
    properties = dict(told.get(function["id"], {}))
    if "mac" in properties:
        properties["mac"] = as_printed(properties["mac"]) or ""
    is_nic = _bytes(function, reg.CLASS + 1, 1) == b"\x02"
    has_no_option = function["id"] not in told and str(function["device"]).startswith(_ADDED)
    if (is_nic and not properties.get("mac")) or has_no_option:
        return None
    return [
        {"name": name.value, "value": properties[name], "stated": True}
        for name in IdentifierName
        if properties.get(name, "") not in ("", "0")
    ]


# No machine type brings these along.
_ADDED = ("virtio-", "nvme")


def _nameless_user(substitution: dict[str, Any]) -> str | None:
    """Version 1 told only of `-nic` that it makes a virtio NIC without an id."""
    makes_nics = substitution["id"] is None and substitution["option"].startswith("-nic ")
    return "virtio-net-pci" if makes_nics and substitution["unknown"] else None
