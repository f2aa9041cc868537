"""A NIC without a PCI address of its own.

QEMU hands out slots in the order in which it creates devices. When a device in front of this
NIC is added or removed, the NIC moves: Linux gives it another name (`ens4` becomes `ens3`) and
finds no configuration for it, Windows installs a new network adapter and leaves the settings
with the old one.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import address, domain, nic
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import unpinned
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Pinning, Role

RULE = Rule(
    code="PCI101",
    name="unpinned-nic",
    summary="a NIC has no PCI address",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=True,
    source="measured: scenario two-nics-unpinned; systemd.net-naming-scheme(7)",
    bad=domain(nic()),
    good=domain(nic(address(3))),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every NIC whose address is left to the hypervisor."""
    return unpinned(vm, (Role.NIC,), Pinning.UNPINNED, "has no PCI address")
