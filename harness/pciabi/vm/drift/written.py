"""What differs between the command lines that two libvirts start one domain with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from pciabi.errors import SourcePosition
from pciabi.vm.command_line.device_options import DeviceOption, device_options
from pciabi.vm.command_line.one_form import in_one_form
from pciabi.vm.command_line.option import QemuCommandLine
from pciabi.vm.command_line.parameters import parameters_in
from pciabi.vm.domain import marks
from pciabi.vm.drift.drift import GLOBAL, Drift, Kind

# Properties that name something of the host's, by ids and descriptors of libvirt's own.
_HOSTS = frozenset(
    {
        *("audiodev", "chardev", "drive", "fd", "fds", "host", "host_mtu", "memdev", "netdev"),
        *("rng", "sysfsdev", "tpmdev", "vhostfd", "vhostfds", "cryptodev", "vhost-scsi-pci.wwpn"),
    }
)
# Of `-machine`, what is the host's; its type is compared as the domain's own.
_HOSTS_MACHINE = frozenset({"accel", "dump-guest-core", "mem-merge", "memory-backend", "type"})
# The older words for a property of `-machine`.
_SWITCHES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"no-acpi": ("-machine acpi", "off"), "no-hpet": ("-machine hpet", "off")}
)
# What QEMU has where nothing is written: to say so is no difference.
_DEFAULTS: Mapping[str, str] = MappingProxyType({"-machine acpi": "on", "-machine hpet": "on"})
_PLACE = frozenset({"bus", "addr", "multifunction"})
_NOTHING = ""


def written(
    before: QemuCommandLine, after: QemuCommandLine, names: Mapping[str, str], told: Sequence[Drift]
) -> Iterator[Drift]:
    """Everything that differs. `names` are what the owner calls devices, by qdev id; `told` is
    what was found in the XML: where that says why a device sits elsewhere, is another model or
    is not there, its options are not told again."""
    old, new = (_Written(line) for line in (before, after))
    yield from _of_the_machine(old, new)
    for device_id in dict.fromkeys((*old.devices, *new.devices)):
        of_device = [one for one in told if device_id in one.ids]
        for drift in _of_device(device_id, old, new, names.get(device_id, device_id)):
            if not _is_told(drift, of_device):
                yield drift
    yield from _order(old, new)


class _Written:
    """The options of a command line that are compared."""

    def __init__(self, line: QemuCommandLine) -> None:
        words: list[str] = []
        for option in line.options:
            words += [option.word.text, option.value.text if option.value is not None else ""]
        self.start = line.start
        every = device_options(words)
        self.created = tuple(one for one in every if one.id and not marks.is_ours(one.id))
        # Some releases give some devices no id, of which there is one.
        self.nameless = {one.driver: one for one in every if one.id is None}
        self.devices = {one.id: one for one in self.created if one.id is not None}
        self.places = _places(line)
        self.machine = dict(_machine(line))


def _places(line: QemuCommandLine) -> Mapping[str, SourcePosition]:
    found = {}
    for option in line.named("device"):
        if option.value is not None:
            device_id = parameters_in(option.value.text, "driver").get("id")
            if device_id is not None:
                found[device_id] = option.position
    return found


def _machine(line: QemuCommandLine) -> Iterator[tuple[str, str]]:
    for option in line.options:
        text = option.value.text if option.value is not None else ""
        if option.name == "machine":
            for item in parameters_in(text, "type").items:
                if item.name not in _HOSTS_MACHINE:
                    yield f"-machine {item.name}", in_one_form(item.value)
        elif option.name == "global":
            name, _, value = text.rpartition("=")
            yield f"{GLOBAL}{name}", in_one_form(value)
        elif option.name in _SWITCHES:
            yield _SWITCHES[option.name]


def _of_the_machine(old: _Written, new: _Written) -> Iterator[Drift]:
    for name in dict.fromkeys((*old.machine, *new.machine)):
        default = _DEFAULTS.get(name, _NOTHING)
        values = old.machine.get(name, default), new.machine.get(name, default)
        if values[0] != values[1]:
            yield Drift(Kind.COMMAND_LINE, "machine", name, *values, new.start)


def _of_device(device_id: str, old: _Written, new: _Written, name: str) -> Iterator[Drift]:
    place = new.places.get(device_id) or old.places.get(device_id) or new.start
    before, after = old.devices.get(device_id), new.devices.get(device_id)
    if before is None and after is not None:
        before = old.nameless.get(after.driver)
    if after is None and before is not None:
        after = new.nameless.get(before.driver)
    if before is None or after is None:
        values = _driver(before), _driver(after)
        yield Drift(Kind.COMMAND_LINE, name, "", *values, place, (device_id,))
        return
    said = [
        {key: in_one_form(value) for key, value in one.properties.items() if key not in _HOSTS}
        for one in (before, after)
    ]
    for key in dict.fromkeys((*said[0], *said[1])):
        values = said[0].get(key, _NOTHING), said[1].get(key, _NOTHING)
        if values[0] != values[1]:
            yield Drift(Kind.COMMAND_LINE, name, key, *values, place, (device_id,))


def _driver(option: DeviceOption | None) -> str:
    return option.driver if option is not None else _NOTHING


def _is_told(drift: Drift, of_device: Sequence[Drift]) -> bool:
    """Whether the XML says it already."""
    kinds = {one.kind for one in of_device}
    if not drift.field:
        return bool(kinds & {Kind.IMPLICIT, Kind.MODEL})
    if drift.field == "driver":
        return Kind.MODEL in kinds
    if drift.field in _PLACE and Kind.ALLOCATION in kinds:
        return True
    return any(drift.field in one.field.split() for one in of_device)


def _order(old: _Written, new: _Written) -> Iterator[Drift]:
    """The order in which QEMU creates the devices that both write, where it is another one."""
    common = old.devices.keys() & new.devices.keys()
    orders = [[one.id for one in line.created if one.id in common] for line in (old, new)]
    at = next((at for at, pair in enumerate(zip(*orders, strict=True)) if pair[0] != pair[1]), None)
    if at is not None:
        before, after = (" ".join(str(one) for one in order[at : at + 3]) for order in orders)
        yield Drift(Kind.COMMAND_LINE, "machine", "order of creation", before, after, new.start)
