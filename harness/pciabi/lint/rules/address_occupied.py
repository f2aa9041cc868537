"""A device is pinned where the machine has a device of its own.

Slot 0 of the root bus is the host bridge's, slot 1 of i440fx and slot 31 of q35 hold the rest of
the chipset. QEMU refuses to start such a VM.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import address, domain, nic
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm

RULE = Rule(
    code="PCI122",
    name="address-occupied",
    summary="the machine itself uses the address",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=False,
    source="`info pci` of an empty machine, QEMU 7.2",
    bad=domain(nic(address(1))),
    good=domain(nic(address(3))),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every device at a place that the machine type uses itself."""
    for device in vm.devices:
        if device.place is not None and device.place in vm.built_in:
            yield trouble(
                vm,
                device,
                f"{device.name} is at {device.place}, which is {vm.built_in[device.place]}",
            )
