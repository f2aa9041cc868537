"""What a configuration says of a device that is not started itself: another one holds its place,
or none does.

What it says must neither be lost nor go unchecked. What tells one kind of device from another is
in the reason why it is not known; what a guest tells it by is compared; and the driver and the
properties that the QEMU in question may lack are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pciabi.abi.facts import mount_tag, serial_number
from pciabi.abi.identifying import Identifier
from pciabi.errors import SourcePosition
from pciabi.pci.facts import Facts
from pciabi.qemu.inert import driver_rules as rules
from pciabi.qemu.inert.origin import by_line
from pciabi.qemu.inert.statement import Stated, Statement
from pciabi.vm.command_line.driver_table import driver_table
from pciabi.vm.command_line.parameters import Parameter, Parameters, parameters_in

# Its id, its place and its ACPI index are the stand-in's as well, where they are read.
_SHARED = frozenset({"driver", "id", "bus", "addr", "acpi-index"})
_IDENTIFYING = {"serial": serial_number.KEY, "tag": mount_tag.KEY}
# Descriptors, sockets, secrets: nothing that makes the device another one.
_RUNTIME = frozenset({"fd", "vhostfd", "iommufd", "socket", "vf-token"})
_SWITCHES = {"yes": "on", "true": "on", "y": "on", "no": "off", "false": "off", "n": "off"}
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{1,16}")
# QEMU has these only on a host with the hardware (backends/hostmem-epc.c), as this need not be.
_OF_SOME_HOSTS = frozenset({"memory-backend-epc"})
# QEMU answers for every device, but these are no properties.
_NO_PROPERTIES = frozenset({"driver", "id", "bus"})


class Sort(StrEnum):
    """What a model makes, by QEMU's name of what all such models are."""

    DEVICE = "device"
    OBJECT = "user-creatable"


@dataclass(frozen=True)
class Model:
    """A `-device` or `-object` of which QEMU is not told all: its driver or type, which QEMU must
    have; the properties that QEMU is not told, which `asked_of`, a driver, must take; and what
    people call it."""

    sort: Sort
    driver: str
    asked_of: str
    properties: tuple[tuple[str, SourcePosition], ...]
    label: str
    place: SourcePosition


def kind(statement: Statement, driver: str, defaults: Mapping[str, str]) -> str:
    """The device as far as it is of another kind than others of its driver, in one form however
    it is written; `defaults` are what `-global` says of its driver."""
    said = {**defaults, **{item.name: item.value for item in statement.parameters.items}}
    told = [Parameter(name, _in_one_form(name, said[name])) for name in sorted(said)]
    shown = (item for item in told if _is_of_its_kind(item.name))
    return f"-device {Parameters((Parameter('driver', driver), *shown), 'driver').text()}"


def identifying_facts(statement: Statement) -> Facts:
    """What a guest tells the device by and its stand-in does not have."""
    facts = Facts()
    for written, key in _IDENTIFYING.items():
        if value := statement.get(written):
            facts = facts.having(key, Identifier(value, stated=True))
    return facts


def models(statement: Statement, stated: Stated) -> Iterator[Model]:
    """What QEMU has to be asked for, of one option: nothing where it is told all of it."""
    if statement.name == "device":
        yield from _devices(statement, stated)
    elif statement.name == "object":
        yield from _objects(statement, stated)


def _objects(statement: Statement, stated: Stated) -> Iterator[Model]:
    written = statement.get("qom-type") or ""
    if written not in {_given(stated, "qom-type").get("qom-type"), *_OF_SOME_HOSTS}:
        shown = statement.shown("qom-type", "id")
        yield Model(Sort.OBJECT, written, written, (), shown, statement.position)


def _devices(statement: Statement, stated: Stated) -> Iterator[Model]:
    written = statement.get("driver")
    found = driver_table().find(written or "")
    driver = found.name if found is not None else written or ""
    given = _given(stated, "driver")
    is_itself = given.get("driver") == written
    asked_of = driver
    if driver in rules.NEEDS_OPENGL and not is_itself:
        asked_of, is_itself = given.get("driver") or driver, True
    unsaid = tuple(
        (item.name, item.position or statement.position)
        for item in statement.parameters.items
        if item.name not in _NO_PROPERTIES and not (is_itself and item.name in given.names)
    )
    if unsaid or given.get("driver") != written:
        name = statement.get("id")
        label = f"{name} ({written})" if name else by_line(written or "", statement.position)
        yield Model(Sort.DEVICE, driver, asked_of, unsaid, label, statement.position)


def _given(stated: Stated, implied: str) -> Parameters:
    """What QEMU is told in the option's place."""
    return parameters_in(stated.arguments[-1] if stated.arguments else "", implied)


def _in_one_form(name: str, value: str) -> str:
    if name == rules.ROM_FILE and rules.is_a_file(value):
        return "FILE"
    if _HEXADECIMAL.fullmatch(value):
        return str(int(value, 16))
    return _SWITCHES.get(value, value)


def _is_of_its_kind(name: str) -> bool:
    if name in rules.THE_HOSTS or name == rules.ROM_FILE:
        # Another device of the host's is another reason not to know this one.
        return True
    if name in _SHARED | _RUNTIME or name in _IDENTIFYING or name in rules.REFERENCES:
        return False
    return name in driver_table().plain or name in rules.WORDS
