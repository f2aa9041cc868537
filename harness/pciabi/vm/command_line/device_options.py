"""The `-device` options of a QEMU command line, in the order in which QEMU creates them.

Source: QEMU, system/vl.c: devices in key=value form are all created before those in JSON form,
each in command-line order; `-set` completes a key=value one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pciabi.vm.command_line import devfn

_SET = re.compile(r"device\.([^.]+)\.([^=]+)=(.*)", re.DOTALL)
_OPTION_NAMES = ("-device", "--device")
_SET_NAMES = ("-set", "--set")


@dataclass(frozen=True)
class DeviceOption:
    """What a `-device` says of its identity and place; None where it does not. `properties` are
    all it says, with what `-set` adds."""

    driver: str
    id: str | None
    bus: str | None
    addr: str | None
    properties: Mapping[str, str]


def device_options(arguments: Sequence[str]) -> tuple[DeviceOption, ...]:
    """The options in creation order."""
    plain: list[dict[str, str]] = []
    structured: list[dict[str, str]] = []
    for name, value in pairwise(arguments):
        if name in _OPTION_NAMES:
            (structured if _is_json(value) else plain).append(dict(pairs_of(value)))
    for device_id, key, value in _settings(arguments):
        for properties in plain:
            if properties.get("id") == device_id:
                properties[key] = value
    return tuple(_option(properties) for properties in (*plain, *structured))


def pairs_of(value: str) -> Iterator[tuple[str, str]]:
    """The pairs of an option's value, in either form."""
    return iter(_from_json(value).items()) if _is_json(value) else _pairs(value)


def _is_json(value: str) -> bool:
    return value.lstrip().startswith("{")


def _settings(arguments: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for name, value in pairwise(arguments):
        match = _SET.fullmatch(value) if name in _SET_NAMES else None
        if match:
            yield match[1], match[2], match[3]


def _pairs(value: str) -> Iterator[tuple[str, str]]:
    """The pairs of QEMU's key=value syntax: a comma is doubled, the first key is implied."""
    for index, part in enumerate(value.replace(",,", "\0").split(",")):
        key, separator, text = part.replace("\0", ",").partition("=")
        if separator:
            yield key, text
        elif index == 0:
            yield "driver", key
        else:
            yield key, "on"


def _from_json(value: str) -> dict[str, str]:
    """The pairs of the JSON form. QEMU also takes strings in single quotes."""
    for text in (value, value.replace("'", '"')):
        try:
            loaded = json.loads(text)
        except ValueError:
            continue
        if isinstance(loaded, dict):
            return dict(_members(loaded))
    return {}


def _members(loaded: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key, item in loaded.items():
        if key == "addr" and isinstance(item, int) and not isinstance(item, bool):
            # -1 leaves the place to QEMU, as if nothing were said.
            if item >= 0:
                yield key, devfn.as_text(item)
        else:
            yield key, str(item)


def _option(properties: Mapping[str, str]) -> DeviceOption:
    return DeviceOption(
        driver=properties.get("driver", ""),
        id=properties.get("id"),
        bus=properties.get("bus"),
        addr=properties.get("addr"),
        properties=properties,
    )
