"""One `-device` of a QEMU command line as a PCI device, and where it lands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.vm import qemu_drivers
from pciabi.vm.command_line.driver_table import Driver
from pciabi.vm.command_line.option import Option
from pciabi.vm.command_line.parameters import Parameter, Parameters, open_flag
from pciabi.vm.pci_vm import PciBus, PciDevice, Pinning, Place, Role, Span

# As C's sscanf reads `%x.%x`.
_ADDR = re.compile(
    r"\s*(?:0[xX])?([0-9a-fA-F]{1,8})(?:\.\s*(?:0[xX])?([0-9a-fA-F]{1,8}))?", re.ASCII
)
_ON = frozenset({"on", "yes", "true", "y"})
_PROPERTIES = ("romfile", "rombar", "bootindex")


@dataclass(frozen=True)
class Buses:
    """The buses there are. `assumed` are named by devices, and what makes them is not in the
    text; `root` is where a device without `bus=` goes."""

    root: str
    known: Sequence[PciBus]
    assumed: frozenset[str] = frozenset()

    def find(self, name: str) -> PciBus | None:
        """The bus of that name, or None."""
        return next((bus for bus in self.known if bus.name == name), None)

    def all(self) -> Iterator[PciBus]:
        """Also those that are assumed, each with room for everything."""
        yield from self.known
        for name in sorted(self.assumed):
            yield PciBus(name, range(32), hotplug=True)


def span(option: Option) -> Span:
    """From the option's name to the end of its argument."""
    value = option.value
    last = value.at(max(0, len(value.text) - 1)).line if value is not None else option.position.line
    return Span(option.position, max(last, option.position.line))


def properties(given: Parameters | None, mac: str = "mac") -> Mapping[str, str]:
    """What rules look at besides the place."""
    wanted = {"mac": mac, **{name: name for name in _PROPERTIES}}
    found = {key: given.get(name) for key, name in wanted.items()} if given else {}
    return MappingProxyType({key: value for key, value in found.items() if value is not None})


def provided(given: Parameters) -> PciBus | None:
    """The bus behind a bridge, and behind what no recorded QEMU has: it may be one."""
    name, device_id = given.find("driver"), given.get("id") or ""
    if name is None or not device_id:
        return None
    driver = qemu_drivers.find(name.value)
    return qemu_drivers.bus_behind(driver, device_id) if driver is not None else None


def device(option: Option, given: Parameters, buses: Buses, later: str | None) -> PciDevice | None:
    """The PCI device an option makes, None where it makes none; `later` is what `-set` says of
    its `addr`."""
    name = given.find("driver")
    if _names_no_driver(option, name):
        text = (option.value.text if option.value is not None else "") or "''"
        return PciDevice(
            f"-device {text}", "", Role.OTHER, Pinning.UNKNOWN, span(option),
            detail="it names no driver",
        )  # fmt: skip
    if name is None or name.unresolved is not None:
        open_parts = option.value.unresolved if option.value is not None else ()
        open_part = open_parts[0].source if open_parts else ""
        return PciDevice(
            given.get("id") or open_part, "", Role.OTHER, Pinning.UNKNOWN, span(option),
            detail="which driver it is only a run would tell",
        )  # fmt: skip
    driver = qemu_drivers.find(name.value)
    if driver is not None and not driver.is_pci:
        return None
    device_id = given.get("id") or ""
    addr = later if later is not None else given.address
    if driver is None and addr is None and buses.find(given.get("bus") or "") is None:
        return _of_unknown_driver(option, given, name.value)
    pinning, place, detail = pinned(given, addr, buses)
    behind = provided(given)
    return PciDevice(
        name=device_id or f"-device {driver.name if driver is not None else name.value}",
        driver=driver.name if driver is not None else name.value,
        role=_role(driver, given),
        pinning=pinning,
        span=span(option),
        place=place,
        multifunction=given.get("multifunction") in _ON,
        provides=(device_id,) if behind is not None else (),
        properties=properties(given),
        detail=detail,
        bus=given.get("bus") or buses.root,
    )


def _names_no_driver(option: Option, name: Parameter | None) -> bool:
    if name is not None:
        return not name.value and name.unresolved is None
    return option.value is None or not option.value.unresolved


def _role(driver: Driver | None, given: Parameters) -> Role:
    if driver is not None:
        return qemu_drivers.role(driver)
    return Role.NIC if given.find("netdev") is not None else Role.OTHER


def _of_unknown_driver(option: Option, given: Parameters, driver: str) -> PciDevice:
    return PciDevice(
        given.get("id") or f"-device {driver}", driver, Role.OTHER, Pinning.UNKNOWN, span(option),
        detail=f"no QEMU known here has a driver '{driver}', so it may be no PCI device at all",
    )  # fmt: skip


def pinned(given: Parameters, addr: str | None, buses: Buses) -> tuple[Pinning, Place | None, str]:
    """Who decides where a device lands, where that is if it is told, and why."""
    for name in ("addr", "bus"):
        found = given.find(name)
        if found is not None and found.unresolved is not None:
            return Pinning.UNKNOWN, None, f"{name}={found.unresolved.source}"
    bus_name = given.get("bus") or buses.root
    bus = buses.find(bus_name)
    if addr == "":
        return Pinning.REFUSED, None, "addr= is no slot"
    if addr is None:
        if bus is not None and len(bus.slots) == 1:
            return Pinning.FIXED, Place(bus_name, 0), ""
        if bus_name in buses.assumed:
            return Pinning.UNKNOWN, None, f"what makes bus {bus_name} is not in the text"
        flag = open_flag(given)
        if flag is not None:
            return Pinning.UNKNOWN, None, f"{flag.source} may hold addr="
        return Pinning.UNPINNED, None, ""
    match = _ADDR.fullmatch(addr)
    if match is None:
        return Pinning.UNKNOWN, None, f"addr={addr} is no slot"
    if given.get("bus") is None and sum(bus.root for bus in buses.known) > 1:
        return Pinning.AMBIGUOUS, None, ""
    return Pinning.PINNED, Place(bus_name, int(match[1], 16), int(match[2] or "0", 16)), ""
