"""A QEMU command line as the PCI devices it makes, in the order in which QEMU creates them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from types import MappingProxyType

from pciabi.errors import SourcePosition
from pciabi.vm import machine_family, qemu_drivers
from pciabi.vm.command_line import devfn
from pciabi.vm.command_line.option import OPEN, Option, QemuCommandLine
from pciabi.vm.command_line.parameters import Parameters, parameters
from pciabi.vm.command_line.program import is_foreign
from pciabi.vm.pci_vm import (
    Creation,
    Family,
    PciBus,
    PciDevice,
    PciVm,
    Pinning,
    Place,
    Role,
    Span,
    with_boot_disk,
)

_REMEDY = "give it addr=0x…, and bus= where there are several: the slot it has now (`info pci`)"
_UNPINNABLE_REMEDY = "write it as -device, with addr="
_ROOT = MappingProxyType({Family.I440FX: "pci.0", Family.Q35: "pcie.0"})
# As C's sscanf reads `%x.%x`.
_ADDR = re.compile(
    r"\s*(?:0[xX])?([0-9a-fA-F]{1,8})(?:\.\s*(?:0[xX])?([0-9a-fA-F]{1,8}))?", re.ASCII
)
_ON = frozenset({"on", "yes", "true", "y"})
# Options that make a PCI device and take no address for it, and what they make.
_LEGACY = MappingProxyType(
    {
        "nic": Role.NIC,
        "soundhw": Role.SOUND,
        "audio": Role.SOUND,
        "virtfs": Role.OTHER,
        "watchdog": Role.OTHER,
        "balloon": Role.BALLOON,
    }
)
# The options QEMU carries out before any -device, and in which order, wherever they stand.
# What `-soundhw` and `-audio model=` call the sound cards that are PCI devices.
_PCI_SOUND = frozenset({"ac97", "es1370", "hda", "virtio", "all"})
_FIRST = MappingProxyType({"nic": 0, "net": 1, "soundhw": 2, "audio": 2})
_SLIRP_AND_CO = frozenset({"none", "nic"})
_USB_FUNCTIONS = MappingProxyType(
    {Family.I440FX: ((1, 2),), Family.Q35: ((29, 0), (29, 1), (29, 2), (29, 7))}
)


def vm(line: QemuCommandLine) -> PciVm:
    """The VM a command line makes. Raises InputError for JSON that is none."""
    return _Machine(line).vm()


def _makes_pci_device(name: str, text: str, given: Parameters | None) -> bool:
    """Whether a short option makes a device on PCI; `-soundhw pcspk`, say, does not."""
    if name == "balloon":
        return text.startswith("virtio")
    if name == "soundhw":
        return not _PCI_SOUND.isdisjoint(text.split(","))
    if name == "audio":
        return given is not None and given.get("model") in _PCI_SOUND
    return text != "none"


def _addr(given: Parameters) -> str | None:
    found = given.find("addr")
    number = found.data if found is not None else None
    if isinstance(number, int) and not isinstance(number, bool):
        return devfn.as_text(number)
    if found is None:
        return None
    return (
        f"{found.value} in JSON" if given.is_json and not isinstance(number, str) else found.value
    )


def span(option: Option) -> Span:
    """From the option's name to the end of its argument."""
    value = option.value
    last = value.at(max(0, len(value.text) - 1)).line if value is not None else option.position.line
    return Span(option.position, max(last, option.position.line))


class _Machine:
    def __init__(self, line: QemuCommandLine) -> None:
        self.line = line
        self.machine_option = next(reversed(line.named("machine")), None)
        self.machine = self._machine_name()
        foreign = line.program is not None and is_foreign(line.program)
        self.family = Family.OTHER if foreign else machine_family.family(self.machine)
        self.root = _ROOT.get(self.family, "")
        self.devices = [(o, parameters(o.value, "driver")) for o in line.named("device") if o.value]
        self.set = self._set_addresses()
        self.nodefaults = bool(line.named("nodefaults"))

    def vm(self) -> PciVm:
        if self.family is Family.OTHER:
            return self._result((), ())
        root = PciBus(self.root, range(32), self.family is Family.I440FX, root=True)
        buses = (root, *self._bridged())
        return self._result(with_boot_disk(tuple(self._created(buses))), buses)

    def _result(self, devices: tuple[PciDevice, ...], buses: tuple[PciBus, ...]) -> PciVm:
        cpu = next(reversed(self.line.named("cpu")), None)
        start = span(self.machine_option) if self.machine_option else self._start()
        name = next((o for o in self.line.named("name") if o.value is not None), None)
        called = parameters(name.value, "guest").get("guest") if name and name.value else None
        return PciVm(
            name=called or "",
            family=self.family,
            machine=self.machine,
            machine_span=start,
            devices=devices,
            buses=buses,
            built_in=MappingProxyType(self._built_in()),
            creation=Creation.IN_ORDER,
            remedy=_REMEDY,
            cpu=cpu.value.text.split(",")[0] if cpu and cpu.value else None,
            cpu_span=span(cpu) if cpu else None,
        )

    def _start(self) -> Span:
        first = self.line.program or (self.line.options[0].word if self.line.options else None)
        place = first.position if first is not None else SourcePosition(self.line.file, 1)
        return Span(place, place.line)

    def _machine_name(self) -> str | None:
        if self.machine_option is None or self.machine_option.value is None:
            return None
        return parameters(self.machine_option.value, "type").get("type")

    def _set_addresses(self) -> dict[str, str]:
        """`-set device.ID.addr=` by id."""
        words = (o.value.text for o in self.line.named("set") if o.value)
        found = (re.fullmatch(r"device\.(.+)\.addr=(.*)", word) for word in words)
        return {match[1]: match[2] for match in found if match is not None}

    def _bridged(self) -> Iterator[PciBus]:
        for _, given in self.devices:
            driver = qemu_drivers.find(given.get("driver") or "")
            bus = qemu_drivers.bus_behind(driver, given.get("id") or "") if driver else None
            if bus is not None and bus.name:
                yield bus

    def _built_in(self) -> dict[Place, str]:
        if self.family is Family.OTHER:
            return {}
        found = dict(machine_family.built_in(self.family, self.root))
        if self._usb():
            for at in _USB_FUNCTIONS[self.family]:
                found[Place(self.root, *at)] = "the chipset's USB controller"
        if self._has_vga():
            slot = 2 if self.family is Family.I440FX else 1
            found[Place(self.root, slot)] = "the VGA adapter of -vga, or QEMU's own"
        return found

    def _usb(self) -> bool:
        if any(option.name in ("usb", "usbdevice") for option in self.line.options):
            return True
        given = self.machine_option.value if self.machine_option else None
        return given is not None and parameters(given, "type").get("usb") in _ON

    def _has_vga(self) -> bool:
        chosen = next(reversed(self.line.named("vga")), None)
        if chosen is not None and chosen.value is not None:
            return chosen.value.text != "none"
        drivers = {given.get("driver") or "" for _, given in self.devices}
        return not self.nodefaults and not drivers & qemu_drivers.DEFAULT_VGA_DRIVERS

    def _created(self, buses: Sequence[PciBus]) -> Iterator[PciDevice]:
        early = [o for o in self.line.options if o.name in _FIRST]
        early.sort(key=lambda option: _FIRST[option.name])
        for option in early:
            yield from self._legacy(option)
        network = self.line.named("net", "netdev", "nic")
        if not network and not self.nodefaults:
            start = self._start()
            yield PciDevice("QEMU's own NIC", "", Role.NIC, Pinning.IMPLICIT, start)
        for option in self.line.options:
            if option.name == OPEN:
                yield self._open(option)
            elif option.name in ("device", "virtfs", "watchdog", "balloon"):
                yield from self._in_order(option, buses, json=False)
        for option in self.line.named("drive"):
            yield from self._drive(option)
        for option in self.line.named("device"):
            yield from self._in_order(option, buses, json=True)

    def _in_order(
        self, option: Option, buses: Sequence[PciBus], *, json: bool
    ) -> Iterator[PciDevice]:
        if option.name != "device":
            yield from self._legacy(option)
            return
        given = next((given for own, given in self.devices if own is option), None)
        if given is not None and given.is_json is json:
            found = self._device(option, given, buses)
            if found is not None:
                yield found

    def _open(self, option: Option) -> PciDevice:
        what = option.word.unresolved[0]
        return PciDevice(
            what.source, "", Role.OTHER, Pinning.UNKNOWN, span(option), detail=what.reason
        )

    def _legacy(self, option: Option) -> Iterator[PciDevice]:
        text = option.value.text if option.value is not None else ""
        if option.name == "net":
            yield from self._net(option)
            return
        given = parameters(option.value, "type") if option.value is not None else None
        if not _makes_pci_device(option.name, text, given):
            return
        word = f"-{option.name} {text.split(',')[0]}"
        yield PciDevice(
            word, text, _LEGACY[option.name], Pinning.UNPINNABLE, span(option),
            properties=self._properties(given), remedy=_UNPINNABLE_REMEDY, bus=self.root,
        )  # fmt: skip

    def _net(self, option: Option) -> Iterator[PciDevice]:
        given = parameters(option.value, "type") if option.value is not None else None
        if given is None or given.get("type") != "nic":
            return
        pinning, place, detail = self._pinning(given, given.get("addr"), ())
        yield PciDevice(
            given.get("name") or f"-net nic {given.get('model') or ''}".strip(),
            given.get("model") or "",
            Role.NIC,
            pinning,
            span(option),
            place=place,
            properties=self._properties(given, mac="macaddr"),
            detail=detail,
            bus=self.root,
        )

    def _drive(self, option: Option) -> Iterator[PciDevice]:
        given = parameters(option.value, None) if option.value is not None else None
        if given is not None and given.get("if") == "virtio":
            name = given.get("id") or "-drive if=virtio"
            yield PciDevice(
                name, "virtio-blk-pci", Role.DISK, Pinning.UNPINNABLE, span(option),
                remedy=_UNPINNABLE_REMEDY, bus=self.root,
            )  # fmt: skip

    def _device(
        self, option: Option, given: Parameters, buses: Sequence[PciBus]
    ) -> PciDevice | None:
        name = given.find("driver")
        if name is None or name.unresolved is not None:
            open_parts = option.value.unresolved if option.value is not None else ()
            open_part = open_parts[0].source if open_parts else ""
            return PciDevice(
                given.get("id") or open_part, "", Role.OTHER, Pinning.UNKNOWN, span(option),
                detail="which driver it is only a run would tell",
            )  # fmt: skip
        driver = qemu_drivers.find(name.value)
        if driver is None or not driver.is_pci:
            return None
        device_id = given.get("id") or ""
        addr = _addr(given) or (None if given.is_json else self.set.get(device_id))
        pinning, place, detail = self._pinning(given, addr, buses)
        provided = qemu_drivers.bus_behind(driver, device_id)
        return PciDevice(
            name=device_id or f"-device {driver.name}",
            driver=driver.name,
            role=qemu_drivers.role(driver),
            pinning=pinning,
            span=span(option),
            place=place,
            multifunction=given.get("multifunction") in _ON,
            provides=(device_id,) if provided is not None and device_id else (),
            properties=self._properties(given),
            detail=detail,
            bus=given.get("bus") or self.root,
        )

    def _pinning(
        self, given: Parameters, addr: str | None, buses: Sequence[PciBus]
    ) -> tuple[Pinning, Place | None, str]:
        for name in ("addr", "bus"):
            found = given.find(name)
            if found is not None and found.unresolved is not None:
                return Pinning.UNKNOWN, None, f"{name}={found.unresolved.source}"
        bus_name = given.get("bus") or self.root
        bus = next((bus for bus in buses if bus.name == bus_name), None)
        if not addr or (given.is_json and addr == devfn.AUTOMATIC):
            if bus is not None and len(bus.slots) == 1:
                return Pinning.FIXED, Place(bus_name, 0), ""
            return Pinning.UNPINNED, None, ""
        match = _ADDR.fullmatch(addr)
        if match is None:
            return Pinning.UNKNOWN, None, f"addr={addr} is no slot"
        if given.get("bus") is None and sum(bus.root for bus in buses) > 1:
            return Pinning.AMBIGUOUS, None, ""
        return Pinning.PINNED, Place(bus_name, int(match[1], 16), int(match[2] or "0", 16)), ""

    def _properties(self, given: Parameters | None, mac: str = "mac") -> MappingProxyType[str, str]:
        wanted = {"mac": mac, "romfile": "romfile", "rombar": "rombar", "bootindex": "bootindex"}
        found = {key: given.get(name) for key, name in wanted.items()} if given else {}
        return MappingProxyType({key: value for key, value in found.items() if value is not None})
