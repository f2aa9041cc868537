"""The `-device` options of a QEMU command line, in the order in which QEMU creates them: a view of
what their parameters say.

Source: QEMU, system/vl.c: devices in key=value form are all created before those in JSON form,
each in command-line order; `-set` completes a key=value one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pciabi.vm.command_line.parameters import Parameters, parameters_in

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
    """The options in creation order. One in JSON that is none says nothing."""
    said = [parameters_in(v, "driver") for name, v in pairwise(arguments) if name in _OPTION_NAMES]
    plain = [given for given in said if not given.is_json]
    for device_id, key, value in _settings(arguments):
        plain = [
            given.having(key, value) if given.get("id") == device_id else given for given in plain
        ]
    return tuple(_option(given) for given in (*plain, *(each for each in said if each.is_json)))


def _settings(arguments: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for name, value in pairwise(arguments):
        match = _SET.fullmatch(value) if name in _SET_NAMES else None
        if match:
            yield match[1], match[2], match[3]


def _option(given: Parameters) -> DeviceOption:
    addr = given.address
    properties = {item.name: item.value for item in given.items if item.name != "addr"}
    return DeviceOption(
        driver=given.get("driver") or "",
        id=given.get("id"),
        bus=given.get("bus"),
        addr=addr,
        properties=properties if addr is None else {**properties, "addr": addr},
    )
