"""What a VM's configuration names of a QEMU's own: machine type, devices, objects, properties."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pciabi.errors import SourcePosition
from pciabi.qemu.inert import stand_ins
from pciabi.qemu.inert.hardware import InertHardware
from pciabi.qemu.inert.machine import type_for
from pciabi.qemu.inert.origin import Origin
from pciabi.qemu.inert.stand_ins import Model
from pciabi.vm.command_line.driver_table import driver_table
from pciabi.vm.command_line.parameters import parameters_in
from pciabi.vm.config import VmConfig

# What a `-device` says that is no property of its type's.
_NO_PROPERTIES = frozenset({"driver", "id", "bus"})
# What an `-object` says that is none.
_NO_OBJECT_PROPERTIES = frozenset({"driver", "qom-type", "id"})
_MACHINE = "-machine "
_GLOBAL = "-global "
_OBJECT = "-object "
_PROCESSOR = "-cpu "
# pciabi compares PCs, whose processor models are types of this ending.
_MODEL = "-x86_64-cpu"


class Sort(StrEnum):
    """What an option names by a type: the machine, a device, every device of a type, an object,
    the processor's model; or nothing that is asked for."""

    MACHINE = "machine type"
    DEVICE = "device"
    EVERY = "every device of a type"
    OBJECT = "object"
    PROCESSOR = "processor"
    OTHER = "something else"


@dataclass(frozen=True)
class Named:
    """One option and what it names. `type` is a type by QEMU's own name, aliases of devices
    resolved, empty where none is named; `properties` are the names of what it sets of it;
    `written` is what people recognise the option by."""

    sort: Sort
    type: str
    properties: tuple[str, ...]
    written: str
    place: SourcePosition


def in_hardware(made: InertHardware) -> tuple[Named, ...]:
    """What the options of a command line name; then what those do that others stand in for."""
    options = (_in_option(origin) for origin in made.origins)
    return (*options, *(named for model in made.models for named in _in_model(model)))


def in_config(config: VmConfig, banner: str, file: Path) -> tuple[Named, ...]:
    """What a scenario's VM names, for the QEMU whose version line is `banner`."""
    start = SourcePosition(str(file), 1)
    return tuple(_in_config(config, banner, start))


def _in_config(config: VmConfig, banner: str, start: SourcePosition) -> Iterator[Named]:
    written, *options = _pairs(config.machine, "type")
    machine = config.machine_position or start
    names = tuple(name for name, _ in options)
    yield Named(Sort.MACHINE, type_for(written[1], banner), names, config.machine, machine)
    for device in config.devices:
        addr = ("addr",) if device.addr is not None else ()
        properties = (*addr, *(name for name, _ in device.properties))
        place = device.position or start
        driver = _without_alias(device.driver)
        yield Named(Sort.DEVICE, driver, properties, f"{device.id} ({device.driver})", place)


def _in_model(model: Model) -> Iterator[Named]:
    sort = Sort.DEVICE if model.sort is stand_ins.Sort.DEVICE else Sort.OBJECT
    yield Named(sort, _without_alias(model.driver), (), model.label, model.place)
    for name, place in model.properties:
        yield Named(sort, _without_alias(model.asked_of), (name,), model.label, place)


def _in_option(origin: Origin) -> Named:
    sort, named, properties = _parts(origin)
    return Named(sort, named, properties, origin.written, origin.place)


def _parts(origin: Origin) -> tuple[Sort, str, tuple[str, ...]]:
    given = origin.given
    if origin.device is not None:
        return _of_device(origin)
    if given.startswith(_MACHINE):
        pairs = dict(_pairs(given.removeprefix(_MACHINE), "type"))
        return Sort.MACHINE, pairs.pop("type", ""), tuple(pairs)
    if given.startswith(_GLOBAL):
        return _of_global(dict(_pairs(given.removeprefix(_GLOBAL), None)))
    if given.startswith(_OBJECT):
        pairs = dict(_pairs(given.removeprefix(_OBJECT), "qom-type"))
        kept = tuple(name for name in pairs if name not in _NO_OBJECT_PROPERTIES)
        return Sort.OBJECT, pairs.get("qom-type", ""), kept
    if given.startswith(_PROCESSOR):
        model = given.removeprefix(_PROCESSOR).partition(",")[0]
        return Sort.PROCESSOR, model + _MODEL, ()
    return Sort.OTHER, "", ()


def _of_device(origin: Origin) -> tuple[Sort, str, tuple[str, ...]]:
    device = origin.device
    assert device is not None
    driver, given = _without_alias(device.driver), _without_alias(device.given.driver)
    # Another device stands in for it, with properties of its own.
    told = device.given.properties if driver == given else {}
    return Sort.DEVICE, driver, tuple(name for name in told if name not in _NO_PROPERTIES)


def _of_global(pairs: dict[str, str]) -> tuple[Sort, str, tuple[str, ...]]:
    if "property" in pairs:
        return Sort.EVERY, _without_alias(pairs.get("driver", "")), (pairs["property"],)
    first = next(iter(pairs), "")
    driver, _, name = first.partition(".")
    return Sort.EVERY, _without_alias(driver), (name,) if name else ()


def _pairs(value: str, implied: str | None) -> Iterator[tuple[str, str]]:
    """The pairs of an option's value; what stands first without a name is the implied one's."""
    return ((item.name, item.value) for item in parameters_in(value, implied).items)


def _without_alias(driver: str) -> str:
    return driver_table().aliases.get(driver, driver)
