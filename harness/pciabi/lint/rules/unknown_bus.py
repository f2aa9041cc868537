"""A device is pinned to a bus that the configuration does not have.

QEMU refuses to start. libvirt adds the bridge that is missing, wherever there is room: the
device's address then hangs from a bridge that nobody pinned.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import Q35, address, domain, element, nic
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm

_PORT = element(
    "<controller type='pci' index='1' model='pcie-root-port'>", "controller", address(2)
)

RULE = Rule(
    code="PCI125",
    name="unknown-bus",
    summary="the bus is not there",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=False,
    source="QEMU: Bus not found; measured with virsh define",
    bad=domain(nic(address(0, bus=1)), machine=Q35),
    good=domain(_PORT, nic(address(0, bus=1)), machine=Q35),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every device on a bus that no controller provides."""
    for device in vm.devices:
        if device.place is not None and vm.bus(device.place.bus) is None:
            yield trouble(
                vm, device, f"{device.name} is on bus {device.place.bus}, which nothing provides"
            )
