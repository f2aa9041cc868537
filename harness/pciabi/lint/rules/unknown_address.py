"""Whether a device is pinned cannot be told from the text.

A variable that the script does not assign, an option or a file that only a run would tell, a
driver that no QEMU known here has. Nothing is guessed: the device may be pinned or not. Where the
machine type is not in the text, a finding that holds on one family only (i440fx, q35) is of this
rule; what holds on both is told as always.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import qemu
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Pinning

_NIC = "-device e1000,id=net0,mac=52:54:00:00:00:01"

RULE = Rule(
    code="PCI108",
    name="unknown-address",
    summary="the text leaves open where a device lands",
    severity=Severity.WARNING,
    group=Group.ADDRESS,
    settled_at_define=False,
    source="a variable is never guessed",
    bad=qemu(f"{_NIC},addr=$SLOT"),
    good=qemu(f"{_NIC},addr=0x3"),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every device, or option that may be one, whose address is not in the text."""
    for device in vm.devices:
        if device.pinning is Pinning.UNKNOWN:
            why = f" ({device.detail})" if device.detail else ""
            what = f"where {device.name} lands" if device.driver else f"what {device.name} makes"
            yield Trouble(
                device.span,
                device.name,
                f"{what} is not in the text{why}",
                "write the address itself, or lint what the script makes of it",
            )
