"""`-device` and `-global`: devices as the guest sees them, without anything of the host."""

from __future__ import annotations

import re

from pciabi.abi.snapshot import EVERY_FIELD, MADE_UP
from pciabi.qemu.inert import driver_rules as rules
from pciabi.qemu.inert import fields, network, stand_ins
from pciabi.qemu.inert.statement import (
    Stated,
    Statement,
    Surroundings,
    fresh,
    kept,
    left_out,
    replaced,
)
from pciabi.vm.command_line.driver_table import Driver, driver_table
from pciabi.vm.command_line.parameters import OFF, ON, Parameter, Parameters

# A PCI device that every distribution's QEMU has and that needs nothing of the host.
PLACEHOLDER = "virtio-rng-pci"
# Of every PCI device, so of the stand-in as well.
_PLACE = ("id", "bus", "addr", "multifunction", "acpi-index")
_ALWAYS = {"driver", "id", "bus", "addr"}
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_.-]")
_ADVICE = "pciabi starts no QEMU with what it does not know"


def device(statement: Statement, around: Surroundings) -> Stated:
    """One `-device`, by its driver."""
    driver = _driver(statement)
    held = _held(driver.name)
    shown = statement.shown("driver")
    if driver.name in rules.REFUSED:
        raise statement.refused(f"'{driver.name}' {rules.REFUSED[driver.name]}", at="driver")
    if held is not None and driver.is_pci:
        shown = stand_ins.kind(statement, driver.name, around.globals_of(driver.name))
        return _placeholder(statement, shown)
    if held is not None or driver.name in rules.OFF_PCI:
        users = tuple(filter(None, [statement.get("id")]))
        acpi = (fields.ACPI,) if driver.name in rules.WITH_ACPI_TABLES else ()
        return left_out(shown, users, acpi)
    parameters = statement.parameters
    open_fields: list[str] = []
    needs_kvm = _needs_kvm(driver.name, parameters)
    parameters = parameters.without(*needs_kvm)
    if driver.name in rules.REPLACED:
        parameters = parameters.having("driver", rules.REPLACED[driver.name][0])
        open_fields += rules.REPLACED_FIELDS.get(driver.name, ())
    parameters = _without_files(statement, parameters, driver, open_fields)
    if driver.name in rules.OFFERS_ITS_BACKEND:
        parameters = network.beside_its_stand_in(parameters, around)
    if "audiodev" in driver.text and not parameters.get("audiodev"):
        parameters = parameters.having("audiodev", around.audiodev)
    name = device_id(statement)
    if name is not None:
        parameters = parameters.having("id", name)
    expected = (name,) if name is not None and driver.is_pci else ()
    users = (name,) if name is not None else ()
    if fields.ROM in open_fields:
        shown = f"{shown} with a ROM file"
    if open_fields:
        stated = replaced(statement, parameters, shown, users, tuple(open_fields))
        return Stated(stated.arguments, stated.substitutions, expected)
    told = replaced(statement, parameters, statement.shown("driver", *needs_kvm), users)
    return Stated(told.arguments, told.substitutions if needs_kvm else (), expected)


def _needs_kvm(driver: str, parameters: Parameters) -> tuple[str, ...]:
    """The properties that are switched on and that nothing but KVM serves."""
    if parameters.get("intremap") in OFF:
        # QEMU refuses the two together whatever runs its processors: let it say so.
        return ()
    names = rules.NEEDS_KVM.get(driver, frozenset())
    return tuple(item.name for item in parameters.items if item.name in names and _is_on(item))


def _is_on(item: Parameter) -> bool:
    return item.value in ON


def device_id(statement: Statement) -> str | None:
    """The id a device has here: its own; or one made of what it stands for on the host, or of
    its place in the file, where it has none and something about it will not be known."""
    name = statement.get("id")
    driver = driver_table().find(statement.get("driver") or "")
    if name or driver is None or not driver.is_pci:
        return name
    if _held(driver.name) is not None:
        source = next(filter(None, map(statement.get, _SOURCES)), None)
    else:
        source = statement.get("netdev") or statement.get("cryptodev")
    if source is None and _is_open(statement, driver.name):
        source = f"{driver.name}-{statement.position.line}-{statement.position.column}"
    return f"{MADE_UP}{_NOT_IN_AN_ID.sub('_', source)}" if source else None


def _is_open(statement: Statement, driver: str) -> bool:
    """Whether the real device is another one than that which starts."""
    rom = statement.get(rules.ROM_FILE)
    return driver in rules.REPLACED_FIELDS or rules.is_a_file(rom or "")


_SOURCES = (*sorted(rules.THE_HOSTS), "chardev", "guest-cid", "socket")


def users(statement: Statement) -> tuple[tuple[str, str], ...]:
    """The backends a device names, as (kind, id)."""
    if statement.parameters.find("driver") is None:
        return ()
    return tuple(
        (rules.REFERENCES[item.name], item.value)
        for item in statement.parameters.items
        if item.name in rules.REFERENCES
    )


def global_(statement: Statement) -> Stated:
    """`-global DRIVER.PROPERTY=VALUE`, or with three parameters."""
    found = global_of(statement)
    if found is None:
        raise statement.refused("is not DRIVER.PROPERTY=VALUE")
    driver, name, value = found
    if name in rules.NEEDS_KVM.get(driver, ()) and value != "off":
        return left_out(f"-global {driver}.{name}={value}")
    if name == rules.ROM_FILE and not rules.is_a_file(value):
        return kept(statement)
    if name in driver_table().plain or name in rules.WORDS:
        return kept(statement)
    raise statement.refused(f"property '{name}' may name something of the host", advice=_ADVICE)


def global_of(statement: Statement) -> tuple[str, str, str] | None:
    """Driver, property and value of a `-global`, None where it is none."""
    name = statement.get("property")
    if name is not None:
        return statement.get("driver") or "", name, statement.get("value") or ""
    first = statement.parameters.items[0] if statement.parameters.items else None
    if first is None or "." not in first.name:
        return None
    driver, _, name = first.name.partition(".")
    return driver, name, first.value


def _driver(statement: Statement) -> Driver:
    name = statement.get("driver")
    if not name:
        raise statement.refused("names no driver")
    found = driver_table().find(name)
    if found is None and _held(name) is not None:
        return Driver(name, "-pci" in name, frozenset())
    if found is None:
        raise statement.refused(
            f"driver '{name}' is not on the list of those known to leave the host alone",
            advice=_ADVICE,
            at="driver",
        )
    return found


def _held(driver: str) -> str | None:
    for prefix, reason in rules.HELD_FAMILIES.items():
        if driver.startswith(prefix):
            return reason
    return rules.HELD.get(driver)


def _placeholder(statement: Statement, shown: str) -> Stated:
    """Another device in the place of one that would need the host."""
    name = device_id(statement)
    place = statement.parameters.keeping(*_PLACE)
    if name is None:
        raise statement.refused(
            "needs an id, so that what is not known can be told of it", advice="add id=NAME"
        )
    place = place.having("id", name)
    made = fresh(PLACEHOLDER, like=statement.parameters)
    parameters = Parameters((*made.items, *place.items), made.implied, made.is_json)
    stated = replaced(statement, parameters, shown, (name,), (EVERY_FIELD,))
    facts = stand_ins.identifying_facts(statement)
    return Stated(stated.arguments, stated.substitutions, (name,), facts)


def _without_files(
    statement: Statement, parameters: Parameters, driver: Driver, open_fields: list[str]
) -> Parameters:
    """The parameters without those that name files. Raises InputError for any that may name
    something else of the host."""
    found = []
    for item in parameters.items:
        if item.name == rules.ROM_FILE and rules.is_a_file(item.value):
            open_fields.append(fields.ROM)
        elif item.name in rules.FILES:
            continue
        else:
            _must_be_known(statement, item, driver)
            found.append(item)
    return Parameters(tuple(found), parameters.implied, parameters.is_json)


def _must_be_known(statement: Statement, item: Parameter, driver: Driver) -> None:
    if item.name in _ALWAYS or item.name in rules.REFERENCES or item.name == rules.ROM_FILE:
        return
    known = rules.WORDS if item.name in driver.text else rules.WORDS | driver_table().plain
    if item.name not in known:
        raise statement.refused(
            f"property '{item.name}' of {driver.name} is not on the list of those known to "
            "leave the host alone",
            advice=_ADVICE,
            at=item.name,
        )
