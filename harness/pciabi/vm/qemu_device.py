"""One `-device` of a QEMU command line as a PCI device, and where it lands."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pciabi.vm import qemu_drivers
from pciabi.vm.allocation.qemu import Buses, pinned
from pciabi.vm.command_line.driver_table import Driver
from pciabi.vm.command_line.option import Option
from pciabi.vm.command_line.parameters import ON, Parameter, Parameters
from pciabi.vm.pci_vm import PciBus, PciDevice, Pinning, Role, Span

_PROPERTIES = ("romfile", "rombar", "bootindex")


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
        return _beside(option, given, driver, buses)
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
        multifunction=given.get("multifunction") in ON,
        provides=(device_id,) if behind is not None else (),
        properties=properties(given),
        detail=detail,
        bus=given.get("bus") or buses.root,
    )


def _beside(option: Option, given: Parameters, driver: Driver, buses: Buses) -> PciDevice | None:
    """What a device that is none of PCI's puts on the root bus beside itself, or None."""
    if driver.name not in qemu_drivers.WITH_A_FUNCTION:
        return None
    return PciDevice(
        given.get("id") or f"-device {driver.name}", driver.name, Role.OTHER, Pinning.UNPINNABLE,
        span(option), bus=buses.root,
        remedy="write it behind all devices with addr=: its function gets the first slot left",
    )  # fmt: skip


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
