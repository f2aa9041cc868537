"""A NIC has no MAC address of its own.

libvirt makes one up at every define, QEMU from the order of its NICs: removing the first NIC gives
the second one the first one's MAC. Guests keep network settings by MAC; e1000e and vmxnet3 also
show it in their Device Serial Number capability.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import address, domain, nic
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Pinning, Role

RULE = Rule(
    code="PCI202",
    name="nic-without-mac",
    summary="a NIC has no MAC address",
    severity=Severity.WARNING,
    group=Group.OTHER,
    settled_at_define=True,
    source="measured: QEMU hands out 52:54:00:12:34:56 and up",
    bad=domain(nic(address(3), mac="")),
    good=domain(nic(address(3))),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every NIC without a MAC address."""
    for device in vm.devices:
        written = device.role is Role.NIC and device.pinning is not Pinning.IMPLICIT
        if written and "mac" not in device.properties:
            yield Trouble(
                device.span,
                device.name,
                f"{device.name} has no MAC address: it gets another one when NICs come or go",
                "give it a MAC address",
            )
