"""Version 1 took what stood in a file for everything that there is, held no identifying properties,
and did not say of which type the devices are that a substitution is about.

What it did not hold was not read, unless the rest of the file tells it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pciabi.pci import registers as reg
from pciabi.pci.chipset import has_no_extended_space, reaches_extended_space
from pciabi.vm.command_line import backend_kind
from pciabi.vm.command_line.device_options import device_options
from pciabi.vm.command_line.parameters import parameters_in
from pciabi.vm.command_line.stated_macs import as_printed

SCHEMA = "pciabi-snapshot/1"
_NEXT = "pciabi-snapshot/2"

_MAC = "mac"
_ACPI_INDEX = "acpi-index"
_IDENTIFYING = (_MAC, "serial", _ACPI_INDEX, "mount_tag")


def upgraded(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document as version 2 has it. Raises KeyError and the like for a malformed one."""
    options = device_options(data["provenance"]["command_line"])
    told = {option.id: option.properties for option in options if option.id is not None}
    nameless = [option.properties for option in options if option.id is None]
    is_text = data["provenance"]["probe"] == "lspci"
    ends_early = _ends_early(data["functions"])
    return {
        **data,
        "schema": _NEXT,
        "functions": [
            {
                "known": "all",
                "unread": [],
                **(_extended(function) if ends_early else function),
                "identifiers": None if is_text else _identifiers(function, told, nameless),
            }
            for function in data["functions"]
        ],
        "substitutions": list(_substitutions(data["substitutions"], told)),
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
    if not express and (not host_bridge or has_no_extended_space(_bytes(function, 0, 4))):
        return function
    rows = {f"{start:02x}": " ".join(["ff"] * 16) for start in range(0, 0x100, 16)}
    return {**function, "size": reg.EXTENDED_SIZE, "known": rows}


def _bytes(function: dict[str, Any], offset: int, length: int) -> bytes:
    row = function["config"].get(f"{offset & ~0xF:02x}", "00 " * 16)
    return bytes.fromhex(row)[offset & 0xF :][:length]


def _identifiers(
    function: dict[str, Any],
    told: Mapping[str, Mapping[str, str]],
    nameless: Sequence[Mapping[str, str]],
) -> list[dict[str, Any]] | None:
    """What was stated of the device; None where something may have been that nobody kept."""
    properties = told.get(function["id"], {})
    found = {
        name: value
        for name in _IDENTIFYING
        if (value := _as_read(name, properties.get(name, ""))) not in ("", "0")
    }
    is_nic = _bytes(function, reg.CLASS + 1, 1) == b"\x02"
    named = function["id"] in told
    # Of a device without an id nobody kept which option made it.
    open_ = not named and (
        str(function["device"]).startswith(_ADDED)
        or any(name in option for option in nameless for name in _IDENTIFYING)
    )
    if open_ or (is_nic and _MAC not in found):
        return None
    return [{"name": name, "value": found[name], "stated": True} for name in found]


# No machine type brings these along.
_ADDED = ("virtio-", "nvme")


def _as_read(name: str, value: str) -> str:
    """A value as QEMU's device tree has it."""
    if name == _MAC:
        return as_printed(value) or ""
    if name == _ACPI_INDEX and value:
        return str(int(value, 0))
    return value


_BACKENDS = ("-netdev ", "-nic ", "-net ")
_ON = {"on", "yes", "true", "y"}


def _substitutions(
    given: list[dict[str, Any]], told: Mapping[str, Mapping[str, str]]
) -> Iterator[dict[str, Any]]:
    """Version 1 kept the user's own words, and told of every NIC what only virtio's have."""
    made = 0
    for one in given:
        new = {**one, "device": None, "ordinal": 0}
        if one["option"].startswith(_BACKENDS):
            name, _, words = one["option"].partition(" ")
            # Without its driver's name in front, the first word is the backend's type.
            said = {item.name: item.value for item in parameters_in(words, "type").items}
            properties = told.get(one["id"], {"driver": said.get("model", "")})
            new["option"] = backend_kind.described(name, said)
            new["unknown"] = list(_open_fields(one["unknown"], properties))
            if one["id"] is None and new["unknown"]:
                new |= {"device": "virtio-net-pci", "ordinal": made}
                made += 1
        yield new


def _open_fields(unknown: list[str], properties: Mapping[str, str]) -> Iterator[str]:
    """What of it is unknown by today's rules, of which the test is told = found."""
    if not properties.get("driver", "").startswith("virtio"):
        return
    for field in unknown:
        is_open = {
            "virtio features": True,
            "virtio device configuration": properties.get("mq") in _ON,
            "MSI-X table size": "vectors" not in properties,
        }
        if is_open.get(field, False):
            yield field
