"""A bridge, root port, switch port or expander bridge has no PCI address of its own.

When the bridge moves, everything behind it moves with it, however well that is pinned. It is
reported once, here, and not at each device behind it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import Q35, address, domain, element, nic
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import unpinned
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Pinning, Role

_PORT = "<controller type='pci' index='1' model='pcie-root-port'>"
_BEHIND = nic(address(0, bus=1))

RULE = Rule(
    code="PCI104",
    name="unpinned-bridge",
    summary="a bridge has no PCI address",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=True,
    source="PCI-to-PCI Bridge Architecture 1.2, chapter 3; "
    "measured: scenario remove-behind-bridge without its bridges' addresses",
    bad=domain(element(_PORT, "controller"), _BEHIND, machine=Q35),
    good=domain(element(_PORT, "controller", address(2)), _BEHIND, machine=Q35),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every bridge whose address is left to the hypervisor."""
    return unpinned(vm, (Role.BRIDGE,), Pinning.UNPINNED, "has no PCI address")
