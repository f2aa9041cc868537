"""An unpinned device is created before a pinned one and takes its slot.

QEMU hands out the first free slot as it creates devices in order, and does not know what is
pinned further on: it then finds the slot taken and refuses to start. Which device is in the way
depends on what else there is.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import qemu
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.allocation.qemu import clashes
from pciabi.vm.pci_vm import Creation, PciVm

_FREE = "-device virtio-rng-pci,id=rng0"
_NIC = "-device e1000,id=net0,mac=52:54:00:00:00:01,addr=0x2"

RULE = Rule(
    code="PCI126",
    name="unpinned-ahead-of-pinned",
    summary="an unpinned device takes the slot of a pinned one",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=False,
    source="measured: scenario pin-only-one; QEMU: slot not available for",
    bad=qemu(_FREE, _NIC),
    good=qemu(f"{_FREE},addr=0x3", _NIC),
    companions=("unpinned-device",),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every unpinned device that gets a slot which a pinned one cannot share with it."""
    if vm.creation is not Creation.IN_ORDER:
        return
    for clash in clashes(vm):
        unpinned, pinned = clash.unpinned, clash.pinned
        if clash.takes_its_place:
            words = f"is created before {pinned.name} and takes its place, {pinned.place}"
        else:
            words = f"gets function 0 beside {pinned.name}, {pinned.place}, and hides it"
        yield trouble(vm, unpinned, f"{unpinned.name} {words}: QEMU refuses to start")
