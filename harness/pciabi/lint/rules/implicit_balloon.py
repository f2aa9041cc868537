"""A memory balloon that is not written down.

libvirt adds one to every domain that does not say otherwise, behind all other devices: it moves
whenever one of them comes or goes. Write it with an address, or rule it out with
`<memballoon model='none'/>`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import address, domain, nic, without
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import implicit
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Role

_BALLOON = "<memballoon model='none'/>"

RULE = Rule(
    code="PCI112",
    name="implicit-balloon",
    summary="a memory balloon will be there that is not written down",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=True,
    source="measured with virsh define, libvirt 9.0",
    bad=without(domain(nic(address(3))), _BALLOON),
    good=domain(nic(address(3))),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every memory balloon that the configuration does not write down."""
    return implicit(vm, Role.BALLOON)
