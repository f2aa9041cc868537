"""The disk the guest boots from has no PCI address of its own.

When it moves, Windows may not find its boot volume and stops with INACCESSIBLE_BOOT_DEVICE, or
asks to be activated anew; firmware boot entries and `/dev/disk/by-path` names hold the address.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import address, domain
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import unpinned
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Pinning, Role

_DISK = (
    "<disk type='file' device='disk'>\n  <source file='/a'/>\n  <target dev='vda' bus='virtio'/>"
)

RULE = Rule(
    code="PCI102",
    name="unpinned-boot-disk",
    summary="the boot disk has no PCI address",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=True,
    source="udev's path_id builtin; UEFI 2.10, 3.1.2: boot options hold device paths",
    bad=domain(f"{_DISK}\n</disk>"),
    good=domain(f"{_DISK}\n  {address(3)}\n</disk>"),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """The boot disk, where its address is left to the hypervisor."""
    return unpinned(
        vm,
        (Role.BOOT_DISK,),
        Pinning.UNPINNED,
        "holds what the guest boots from and has no PCI address",
    )
