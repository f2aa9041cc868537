"""A QEMU command line as the PCI devices it makes, in the order in which QEMU creates them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from pciabi.errors import InputError
from pciabi.vm import qemu_drivers, qemu_family, qemu_legacy, windows_guest
from pciabi.vm.allocation import qemu as allocation
from pciabi.vm.allocation.qemu import Buses, pinned
from pciabi.vm.command_line.argument import Unresolved, plain
from pciabi.vm.command_line.option import OPEN, Option, QemuCommandLine
from pciabi.vm.command_line.parameters import Parameters, parameters
from pciabi.vm.pci_vm import (
    MAY_BE,
    Creation,
    Family,
    PciBus,
    PciDevice,
    PciVm,
    Pinning,
    Role,
    Span,
    with_boot_disk,
)
from pciabi.vm.qemu_device import device, properties, provided, span

_REMEDY = "give it addr=0x…, and bus= where there are several: the slot it has now (`info pci`)"
# What the root bus is called where nothing in the text calls it either name.
_SOME_ROOT = "the root bus"
_MAY_BE_JSON = frozenset(
    {"device", "netdev", "blockdev", "object", "machine", "audiodev", "display"}
    | {"net", "nic", "drive", "audio", "virtfs", "balloon", "watchdog"}
)
_SHORT = ("virtfs", "watchdog", "balloon", "drive")


def vm(line: QemuCommandLine) -> PciVm:
    """The VM a command line makes."""
    line = _with_malformed_apart(line)
    family = qemu_family.family(line)
    if family is not Family.UNKNOWN:
        return _Machine(line, family).vm()
    readings = [_Machine(line, each, _root_of_unknown(line, each)).vm() for each in MAY_BE]
    return readings[0].read_as(readings)


def _with_malformed_apart(line: QemuCommandLine) -> QemuCommandLine:
    """The same where each option in JSON that is none is one that makes nobody knows what."""
    return replace(line, options=tuple(_malformed(option) or option for option in line.options))


def _malformed(option: Option) -> Option | None:
    value = option.value
    if value is None or not value.text.startswith("{"):
        return None
    if option.name == "name":
        # A name is never in JSON, and says nothing of devices.
        return replace(option, value=None)
    if option.name not in _MAY_BE_JSON:
        return None
    try:
        parameters(value, None)
    except InputError as error:
        whole = plain(option.written, value.file, option.position.line)
        reason = value.unresolved[0].reason if value.unresolved_in(0, 1) else error.message
        part = Unresolved(0, len(whole.text), option.written, reason)
        word = replace(whole, runs=option.word.runs, unresolved=(part,))
        return Option(f"malformed {option.name}", word, None, known=False)
    return None


def _root_of_unknown(line: QemuCommandLine, family: Family) -> str:
    """The root bus by a name that both families share, unless the text says one of theirs."""
    written = {given.get("bus") for _, given in _devices(line)}
    return allocation.ROOT[family] if written & set(allocation.ROOT.values()) else _SOME_ROOT


def _devices(line: QemuCommandLine) -> list[tuple[Option, Parameters]]:
    return [(o, parameters(o.value, "driver")) for o in line.named("device") if o.value]


def _set_address(option: Option) -> re.Match[str] | None:
    value = option.value if option.name == "set" else None
    if value is None:
        return None
    return re.fullmatch(r"device\.(.+)\.addr=(.*)", value.text, re.DOTALL)


def _strange(option: Option) -> PciDevice:
    reasons = [part.reason for part in option.word.unresolved]
    detail = reasons[0] if reasons else "no QEMU known here has such an option"
    name = option.word.text
    return PciDevice(name, "", Role.OTHER, Pinning.UNKNOWN, span(option), detail=detail)


class _Machine:
    def __init__(self, line: QemuCommandLine, family: Family, root: str | None = None) -> None:
        self.line = line
        self.family = family
        self.root = root or allocation.ROOT.get(family, "")
        self.devices = _devices(line)
        self.given = {id(option): given for option, given in self.devices}
        self.set_too_early: set[int] = set()
        self.set = self._set_addresses()
        self.nodefaults = bool(line.named("nodefaults"))
        # Whether something in the text stands for options that are not in it.
        self.is_open = line.is_part or bool(line.open_options)
        self.buses = self._buses()

    def vm(self) -> PciVm:
        if self.family is Family.OTHER:
            return self._result((), ())
        return self._result(with_boot_disk(tuple(self._created())), tuple(self.buses.all()))

    def _result(self, devices: tuple[PciDevice, ...], buses: tuple[PciBus, ...]) -> PciVm:
        cpu = next(reversed(self.line.named("cpu")), None)
        machine = next(reversed(self.line.named("machine")), None)
        name = next((o for o in self.line.named("name") if o.value is not None), None)
        called = parameters(name.value, "guest").get("guest") if name and name.value else None
        made = PciVm(
            name=called or "",
            family=self.family,
            machine=qemu_family.machine_name(self.line),
            machine_span=span(machine) if machine else self._start(),
            devices=devices,
            buses=buses,
            built_in=allocation.built_in(
                self.family, self.root, usb=self._usb(), vga=self._has_vga()
            ),
            creation=Creation.IN_ORDER,
            remedy=_REMEDY,
            cpu=cpu.value.text.split(",")[0] if cpu and cpu.value else None,
            cpu_span=span(cpu) if cpu else None,
            windows=windows_guest.of_processor(parameters(cpu.value, "model"))
            if cpu and cpu.value
            else "",
        )
        return replace(made, completed=allocation.completed(made))

    def _start(self) -> Span:
        return Span(self.line.start, self.line.start.line)

    def _set_addresses(self) -> dict[int, str]:
        """What `-set device.ID.addr=` says, by the device's option: one in key=value form that
        stands in front of it. Of two the last one counts."""
        there: dict[str, Option] = {}
        found: dict[int, str] = {}
        for option in self.line.options:
            given = self.given.get(id(option))
            match = _set_address(option)
            if given is not None and not given.is_json and (name := given.get("id")):
                there[name] = option
            elif match is not None and match[1] in there:
                found[id(there[match[1]])] = match[2]
            elif match is not None:
                self.set_too_early.add(id(option))
        return found

    def _set_too_early(self, option: Option) -> Iterator[PciDevice]:
        if id(option) in self.set_too_early:
            yield PciDevice(
                option.written,
                "",
                Role.OTHER,
                Pinning.UNKNOWN,
                span(option),
                detail="no -device in front of it has that id, and QEMU refuses it",
            )

    def _buses(self) -> Buses:
        root = PciBus(self.root, range(32), self.family is Family.I440FX, root=True)
        behind = [bus for _, given in self.devices if (bus := provided(given)) is not None]
        known = (root, *behind)
        return Buses(self.root, known, self._assumed({bus.name for bus in known}))

    def _assumed(self, known: set[str]) -> frozenset[str]:
        """Buses that something else may make: an open option, or a driver that nobody knows."""
        named = {
            bus.value
            for _, given in self.devices
            if (bus := given.find("bus")) is not None and bus.unresolved is None
        }
        strange = {
            given.get("id") or ""
            for _, given in self.devices
            if (name := given.find("driver")) is None
            or name.unresolved is not None
            or qemu_drivers.find(name.value) is None
        }
        return frozenset((named if self.is_open else named & strange) - known)

    def _usb(self) -> bool:
        if any(option.name in ("usb", "usbdevice") for option in self.line.options):
            return True
        return qemu_family.says(self.line, "usb")

    def _has_vga(self) -> bool:
        chosen = next(reversed(self.line.named("vga")), None)
        if chosen is not None and chosen.value is not None:
            return chosen.value.text != "none" and not chosen.value.unresolved
        drivers = {given.get("driver") or "" for _, given in self.devices}
        silent = not self.nodefaults and not self.is_open
        return silent and not drivers & qemu_drivers.DEFAULT_VGA_DRIVERS

    def _created(self) -> Iterator[PciDevice]:
        """The devices in QEMU's order of creation."""
        ordered = sorted(self.line.options, key=self._phase)
        early = [option for option in ordered if self._phase(option) < allocation.IN_ORDER]
        for option in early:
            yield from self._early(option)
        network = self.line.named("net", "netdev", "nic")
        # `-nodefaults` may be among what is not in the text.
        if not network and not self.nodefaults and not self.is_open:
            yield PciDevice(
                "QEMU's own NIC", "", Role.NIC, Pinning.IMPLICIT, self._start(), bus=self.root,
                remedy="-nodefaults or -nic none leaves it out",
            )  # fmt: skip
        for option in ordered[len(early) :]:
            yield from self._late(option)

    def _phase(self, option: Option) -> int:
        given = self.given.get(id(option))
        return allocation.phase(option, is_json=given is not None and given.is_json)

    def _late(self, option: Option) -> Iterator[PciDevice]:
        if option.name == OPEN:
            yield self._open(option)
        elif not option.known:
            yield _strange(option)
        elif option.name == "set":
            yield from self._set_too_early(option)
        elif option.name in _SHORT:
            yield from qemu_legacy.devices(option, self.root)
        elif (given := self.given.get(id(option))) is not None:
            found = device(option, given, self.buses, self.set.get(id(option)))
            if found is not None:
                yield found

    def _open(self, option: Option) -> PciDevice:
        what = option.word.unresolved[0]
        return PciDevice(
            what.source, "", Role.OTHER, Pinning.UNKNOWN, span(option), detail=what.reason
        )

    def _early(self, option: Option) -> Iterator[PciDevice]:
        given = parameters(option.value, "type") if option.value is not None else None
        kind = given.find("type") if given is not None else None
        if option.name != "net" or given is None or kind is None or kind.unresolved is not None:
            yield from qemu_legacy.devices(option, self.root)
        elif kind.value == "nic":
            pinning, place, detail = pinned(given, given.get("addr"), self.buses)
            yield PciDevice(
                given.get("name") or f"-net nic {given.get('model') or ''}".strip(),
                given.get("model") or "",
                Role.NIC,
                pinning,
                span(option),
                place=place,
                properties=properties(given, mac="macaddr"),
                detail=detail,
                bus=self.root,
            )
