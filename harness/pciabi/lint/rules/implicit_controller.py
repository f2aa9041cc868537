"""A SCSI, SATA or virtio-serial controller that is not written down.

libvirt adds the controller that a disk, a host device or a channel needs. What hangs from it is
found by the guest through its address.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import address, domain
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import implicit
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Role

_CHANNEL = (
    "<channel type='unix'>\n  <target type='virtio' name='org.qemu.guest_agent.0'/>\n</channel>"
)
_SERIAL = "<controller type='virtio-serial' index='0'>"

RULE = Rule(
    code="PCI115",
    name="implicit-controller",
    summary="a controller will be there that is not written down",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=True,
    source="measured with virsh define, libvirt 9.0",
    bad=domain(_CHANNEL),
    good=domain(_CHANNEL, f"{_SERIAL}\n  {address(3)}\n</controller>"),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every controller that the configuration does not write down."""
    return implicit(vm, Role.CONTROLLER)
