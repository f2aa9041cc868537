"""Two devices are pinned to one address.

QEMU refuses to start such a VM, libvirt to define it. In a configuration that is put together
from parts it shows only when the parts meet.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import address, domain, nic
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm

_OTHER = nic(address(4), mac="<mac address='52:54:00:00:00:02'/>")

RULE = Rule(
    code="PCI121",
    name="address-conflict",
    summary="two devices are pinned to one address",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=False,
    source="QEMU, do_pci_register_device: slot not available",
    bad=domain(nic(address(3)), _OTHER.replace("0x04", "0x03")),
    good=domain(nic(address(3)), _OTHER),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every device whose address another one has before it."""
    taken = dict(vm.built_in)
    for device in vm.devices:
        if device.place is None:
            continue
        if device.place in taken and device.place not in vm.built_in:
            yield trouble(
                vm, device, f"{device.name} is at {device.place}, and so is {taken[device.place]}"
            )
        taken.setdefault(device.place, device.name)
