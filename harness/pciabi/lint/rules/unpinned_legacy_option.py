"""An option that makes a PCI device and takes no address for it.

`-nic`, `-drive if=virtio`, `-soundhw`, `-audio …,model=` and `-virtfs` are short for a device
somewhere: where, depends on what else there is. `-device` makes the same device and takes
`addr=`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import qemu
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Pinning

RULE = Rule(
    code="PCI106",
    name="unpinned-legacy-option",
    summary="the option makes a device and takes no address",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=False,
    source="measured: QEMU 7.2 -nic user,addr=7: Invalid parameter 'addr'",
    bad=qemu("-nic user,model=e1000,mac=52:54:00:00:00:01"),
    good=qemu(
        "-netdev user,id=n0", "-device e1000,netdev=n0,mac=52:54:00:00:00:01,id=net0,addr=0x3"
    ),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every device that comes from such an option."""
    for device in vm.devices:
        if device.pinning is Pinning.UNPINNABLE:
            yield Trouble(
                device.span,
                device.name,
                f"{device.name} makes a PCI device and takes no address: it moves when devices "
                "come or go",
                device.remedy or vm.remedy,
            )
