"""The command line that a libvirt really writes: with places in the user's file, and held against
the one that is read in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from pciabi.errors import SourcePosition
from pciabi.qemu.inert.hardware import InertHardware
from pciabi.vm.command_line.argument import Argument, plain
from pciabi.vm.command_line.device_options import DeviceOption, device_options
from pciabi.vm.command_line.one_form import in_one_form
from pciabi.vm.command_line.option import QemuCommandLine, parse
from pciabi.vm.command_line.parameters import parameters_in
from pciabi.vm.drift.made_domain import MadeDomain

_STAND_IN = "ua-pciabi-stand-in-"
# What memory is made of is the host's; `pc` and `q35` are written as what QEMU takes them for.
_OURS_OF_THE_MACHINE = frozenset({"memory-backend", "type"})
_FLASH = "cfi.pflash01."
# Which backend of ours a device has is of no account: both have inert ones. A transmit queue may be
# cut to what such a backend takes; how long it is is then left open.
_OURS = frozenset({"audiodev", "chardev", "drive", "memdev", "netdev", "rng", "tx_queue_size"})


def with_places(words: Sequence[str], domain: MadeDomain) -> QemuCommandLine:
    """The words that a libvirt starts QEMU with, each where the device stands that it is about, or
    the domain."""
    starts = {domain.id_of(device): device.start for device in domain.devices}
    return parse(None, list(_placed(words, starts, domain.root.start)), domain.root.start.file)


def _placed(
    words: Sequence[str], starts: Mapping[str | None, SourcePosition], start: SourcePosition
) -> Iterator[Argument]:
    for number, word in enumerate(words):
        follows = words[number + 1] if word == "-device" and number + 1 < len(words) else word
        device_id = parameters_in(follows, "driver").get("id")
        place = starts.get(device_id, start) if device_id is not None else start
        yield plain(word, place.file, place.line, place.column)


def difference(ours: InertHardware, theirs: InertHardware) -> str:
    """The first thing in which the hardware of two command lines differs, once both are made safe:
    how many processors and how much memory, each word of `-machine` and `-global`, and driver,
    place and every property of each device, by id; empty where all are the same.

    A device that another one stands in for, for libvirt's sake alone, is held against its place.
    """
    return _of_the_machine(ours, theirs) or _of_the_devices(ours, theirs)


def _of_the_machine(ours: InertHardware, theirs: InertHardware) -> str:
    own, true = (dict(_words_of_the_machine(made)) for made in (ours, theirs))
    for name in dict.fromkeys((*own, *true)):
        if own.get(name) != true.get(name):
            written, mine = (said.get(name, "nothing") for said in (true, own))
            return f"libvirt writes {written} for {name}, and pciabi {mine}"
    return ""


def _words_of_the_machine(made: InertHardware) -> Iterator[tuple[str, str]]:
    """What a command line says of the machine itself; of two words for one thing the last."""
    yield "-smp", f"{made.processors.present} of {made.processors.most}"
    yield "-m", str(made.memory)
    for name, value in pairwise(made.arguments):
        if name == "-machine":
            for item in parameters_in(value, "type").items:
                if item.name not in _OURS_OF_THE_MACHINE:
                    yield f"-machine {item.name}", in_one_form(item.value)
        elif name == "-global":
            yield from _set_globally(value)


def _set_globally(value: str) -> Iterator[tuple[str, str]]:
    """Driver and property, and what it is set to, in either form of `-global`; but for those of a
    firmware's flash memory, as libvirt is told of no firmware."""
    said = {item.name: in_one_form(item.value) for item in parameters_in(value, None).items}
    if {"driver", "property", "value"} <= said.keys():
        said = {f"{said['driver']}.{said['property']}": said["value"]}
    for name, text in said.items():
        if not name.startswith(_FLASH):
            yield f"-global {name}", text


def _of_the_devices(ours: InertHardware, theirs: InertHardware) -> str:
    own, true = (_devices(made) for made in (ours, theirs))
    stand_ins = {_place(one) for name, one in true.items() if name.startswith(_STAND_IN)}
    for name in dict.fromkeys((*own, *true)):
        mine, other = own.get(name), true.get(name)
        if mine is not None and other is not None:
            found = _between(mine, other)
            if found:
                return f"{name}: {found}"
        elif mine is not None and mine.addr is not None and _place(mine) not in stand_ins:
            return f"{name}: pciabi writes {mine.driver}, and libvirt nothing"
        elif other is not None and other.addr is not None and not name.startswith(_STAND_IN):
            return f"{name}: libvirt writes {other.driver}, and pciabi nothing"
    return ""


def _devices(made: InertHardware) -> dict[str, DeviceOption]:
    return {one.id: one for one in device_options(made.arguments) if one.id is not None}


def _place(device: DeviceOption) -> tuple[str | None, str | None]:
    return device.bus, device.addr


def _between(mine: DeviceOption, other: DeviceOption) -> str:
    own, true = (_properties(one) for one in (mine, other))
    for name in dict.fromkeys((*own, *true)):
        if own.get(name) != true.get(name):
            theirs, ours = (said.get(name, "nothing") for said in (true, own))
            return f"libvirt writes {theirs} for {name}, and pciabi {ours}"
    return ""


def _properties(device: DeviceOption) -> dict[str, str]:
    return {
        name: in_one_form(value) for name, value in device.properties.items() if name not in _OURS
    }
