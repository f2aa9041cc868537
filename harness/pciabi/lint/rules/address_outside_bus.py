"""A device is pinned to a slot that its bus does not have.

A root port and a downstream port have slot 0 only; slot 0 of a conventional bridge is taken by
its hot-plug controller; no bus has more than 32 slots, no slot more than 8 functions.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import Q35, address, domain, element, nic
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Pinning

_PORT = element(
    "<controller type='pci' index='1' model='pcie-root-port'>", "controller", address(2)
)

RULE = Rule(
    code="PCI123",
    name="address-outside-bus",
    summary="the bus has no such slot",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=False,
    source="PCI Express 6.0, 7.3.1: a port leads to device 0; PCI 3.0, 3.2.2.3",
    bad=domain(_PORT, nic(address(1, bus=1)), machine=Q35),
    good=domain(_PORT, nic(address(0, bus=1)), machine=Q35),
)

_FUNCTIONS = range(8)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every device in a slot its bus does not have. Slot 0 of a root bus is another rule's."""
    for device in vm.devices:
        if device.pinning is Pinning.REFUSED:
            yield trouble(vm, device, f"{device.name}: {device.detail}")
        place = device.place
        bus = vm.bus(place.bus) if place is not None else None
        if place is None or bus is None or place in vm.built_in:
            continue
        if place.slot not in bus.slots or place.function not in _FUNCTIONS:
            first, last = bus.slots[0], bus.slots[-1]
            there = f"slot {first:#x}" if first == last else f"slots {first:#x} to {last:#x}"
            yield trouble(
                vm, device, f"{device.name} is at {place}, and {place.bus} has {there} only"
            )
