"""Where on PCI the XML of a domain puts a device, whatever its controllers are numbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pciabi.vm.libvirt_devices import own_address
from pciabi.vm.xml_tree import Element

_ROOTS = frozenset({"pci-root", "pcie-root"})
# No VM has a deeper hierarchy; XML may hold a loop.
_DEEPEST = 32


@dataclass(frozen=True)
class PciPlace:
    """`written` are domain, bus, slot and function as the XML says them, the bus being a
    controller's number; `hops` are slot and function of each bridge on the way from the root bus,
    and of the device itself."""

    written: tuple[int, int, int, int]
    hops: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        """As in a `<hostdev>`, or lspci: `0000:01:00.0`."""
        domain, bus, slot, function = self.written
        return f"{domain:04x}:{bus:02x}:{slot:02x}.{function:x}"

    @property
    def path(self) -> str:
        """Such as `01.0/00.0`."""
        return "/".join(f"{slot:02x}.{function:x}" for slot, function in self.hops)


def pci_place(devices: Sequence[Element], device: Element) -> PciPlace | None:
    """The place of one of a domain's devices, None where none on PCI is written."""
    written = _written(device)
    if written is None:
        return None
    bridges = {
        _number(one.attributes.get("index", "")): one
        for one in devices
        if one.name == "controller" and one.attributes.get("type") == "pci"
    }
    return PciPlace(written, _hops(written, bridges))


def _hops(
    written: tuple[int, int, int, int], bridges: Mapping[int, Element]
) -> tuple[tuple[int, int], ...]:
    hops = [written[2:]]
    bus = written[1]
    while len(hops) < _DEEPEST:
        bridge = bridges.get(bus)
        above = _written(bridge) if bridge is not None else None
        if bridge is None or bridge.attributes.get("model") in _ROOTS or above is None:
            break
        hops.append(above[2:])
        bus = above[1]
    return tuple(reversed(hops))


def _written(device: Element) -> tuple[int, int, int, int] | None:
    address = own_address(device)
    if address is None or address.attributes.get("type") != "pci":
        return None
    domain, bus, slot, function = (
        _number(address.attributes.get(name, "0")) for name in ("domain", "bus", "slot", "function")
    )
    return domain, bus, slot, function


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        return 0
