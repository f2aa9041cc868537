"""An address element that pins nothing.

libvirt takes an address without domain, bus and slot, or with nothing but zeros in them, for a wish
to have one allocated, whatever function it has. It looks pinned and is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import address, domain, nic
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import unpinned
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Pinning, Role

RULE = Rule(
    code="PCI105",
    name="unpinned-empty-address",
    summary="an address is written and pins nothing",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=True,
    source="libvirt, virPCIDeviceAddressIsEmpty; measured with virsh define",
    bad=domain(nic("<address type='pci'/>")),
    good=domain(nic(address(3))),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every device with an empty address."""
    return unpinned(vm, Role, Pinning.EMPTY, "has an empty address, which pins nothing")
