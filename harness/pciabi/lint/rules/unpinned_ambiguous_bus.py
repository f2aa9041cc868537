"""A slot without a bus, where there is more than one root bus.

Beside an expander bridge (`pxb`, `pxb-pcie`) QEMU looks for a bus of its own choice, and takes
the expander's: the device does not go where its `addr=` says on the machine's own bus, and for
most devices QEMU refuses to start.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import Q35, qemu
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Pinning

_EXPANDER = "-device pxb-pcie,id=numa1,bus_nr=0x80,bus=pcie.0,addr=0x5"
_NIC = "-device e1000e,id=net0,mac=52:54:00:00:00:01"

RULE = Rule(
    code="PCI107",
    name="unpinned-ambiguous-bus",
    summary="a slot without a bus beside an expander bridge",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=False,
    source="measured: QEMU 7.2, Only PCI/PCIe bridges can be plugged into pxb-pcie",
    bad=qemu(_EXPANDER, f"{_NIC},addr=0x3", machine=Q35),
    good=qemu(_EXPANDER, f"{_NIC},bus=pcie.0,addr=0x3", machine=Q35),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every device with a slot and no bus, where that does not say which bus."""
    for device in vm.devices:
        if device.pinning is Pinning.AMBIGUOUS:
            yield trouble(
                vm,
                device,
                f"{device.name} has a slot and no bus, and there are several root buses: QEMU "
                "takes the expander bridge's",
            )
