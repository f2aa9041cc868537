"""A USB controller that is not written down.

libvirt adds one to every q35 domain that has none, on a root port of its own. Write it with an
address, or rule it out with `<controller type='usb' model='none'/>`. On i440fx it is the
chipset's own and cannot land anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import Q35, domain, without
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import implicit
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Role

RULE = Rule(
    code="PCI113",
    name="implicit-usb-controller",
    summary="a USB controller will be there that is not written down",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=True,
    source="measured with virsh define, libvirt 9.0",
    bad=without(domain(machine=Q35), "<controller type='usb' model='none'/>"),
    good=domain(machine=Q35),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every USB controller that the configuration does not write down."""
    return implicit(vm, Role.USB)
