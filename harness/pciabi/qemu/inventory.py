"""What a QEMU has, asked in as few steps as there can be: each step waits for QEMU once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pciabi.errors import Disagreement, InputError
from pciabi.qemu import device_tree
from pciabi.qemu.answers import LISTING, NUMBER, TEXT, Listed, shaped
from pciabi.qemu.device_tree import DeviceTree
from pciabi.qemu.monitor import Monitor

_FOLDER = "/machine/peripheral-anon"
_NAMELESS = re.compile(r"device\[(\d{1,9})\] child<(.*)>")


@dataclass(frozen=True)
class Nameless:
    """A device without an id: its type, and bus name, slot and function where it is on PCI."""

    device: str
    place: tuple[str, int, int] | None


@dataclass(frozen=True)
class Inventory:
    """The versioned machine type, the device tree, and the devices that have no id and that no
    machine type brought along, in the order of their creation."""

    machine: str
    tree: DeviceTree
    nameless: tuple[Nameless, ...]


class NoPciBus(InputError):
    """The machine type has no PCI bus, such as `isapc`; for whoever knows where it stands."""

    def __init__(self, machine: str) -> None:
        super().__init__(f"machine type {machine} has no PCI bus")
        self.machine = machine


def take(monitor: Monitor) -> Inventory:
    """Ask QEMU. Raises QemuError, NoPciBus, or Disagreement as `device_tree.parse` does."""
    machine, text, listing = monitor.execute_all(
        ("qom-get", {"path": "/machine", "property": "type"}),
        ("human-monitor-command", {"command-line": device_tree.COMMAND}),
        ("qom-list", {"path": _FOLDER}),
    )
    machine_type = shaped(machine, TEXT, "qom-get /machine type").removesuffix("-machine")
    tree = _tree(shaped(text, TEXT, device_tree.COMMAND), machine_type)
    on_pci = {function.device for function in tree.functions if function.qdev_id is None}
    listed = shaped(listing, LISTING, "qom-list")
    devices = sorted(_numbered(listed))
    asked = [f"{_FOLDER}/device[{number}]" for number, device in devices if device in on_pci]
    told = iter(
        monitor.execute_all(
            *(
                ("qom-get", {"path": path, "property": name})
                for path in asked
                for name in ("parent_bus", "addr")
            )
        )
    )
    nameless = tuple(
        Nameless(device, _place(next(told), next(told)) if device in on_pci else None)
        for _, device in devices
    )
    return Inventory(machine_type, tree, nameless)


def _tree(text: str, machine: str) -> DeviceTree:
    try:
        return device_tree.parse(text)
    except Disagreement as error:
        # Only now: nearly every machine has one, and reading the tree twice takes a while.
        if not device_tree.has_pci(text):
            raise NoPciBus(machine) from error
        raise


def _numbered(listing: Sequence[Listed]) -> Iterator[tuple[int, str]]:
    for entry in listing:
        if match := _NAMELESS.fullmatch(f"{entry.name} {entry.type}"):
            yield int(match[1]), match[2]


def _place(bus: object, address: object) -> tuple[str, int, int]:
    name = shaped(bus, TEXT, "qom-get parent_bus").rpartition("/")[2]
    return (name, *divmod(shaped(address, NUMBER, "qom-get addr"), 8))
