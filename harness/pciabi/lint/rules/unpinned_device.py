"""A device that is neither NIC, boot disk nor bridge has no PCI address of its own.

It moves when a device in front of it is added or removed. Windows then installs it anew; a disk's
`/dev/disk/by-path` name, a passed-through device's driver binding and the like change on Linux.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import address, domain, element
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import unpinned
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Pinning, Role

_SOUND = "<sound model='ich6'>"
_ROLES = frozenset(Role) - {Role.NIC, Role.BOOT_DISK, Role.BRIDGE}

RULE = Rule(
    code="PCI103",
    name="unpinned-device",
    summary="a device has no PCI address",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=True,
    source="measured: scenario remove-a-disk without its addresses",
    bad=domain(element(_SOUND, "sound")),
    good=domain(element(_SOUND, "sound", address(3))),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every such device whose address is left to the hypervisor."""
    return unpinned(vm, _ROLES, Pinning.UNPINNED, "has no PCI address")
