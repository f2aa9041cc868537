"""A device is pinned to a function other than 0, and function 0 does not make it visible.

A guest looks at function 0 first. Where there is none it finds nothing in the slot, and where
function 0 does not say that it is one of several (`multifunction='on'`) it looks no further.

A device without an address may be given function 0 of the slot: a root port, or a USB 2 controller
of i440fx, by libvirt, the next one with `multifunction=on` by QEMU. Then it is that one's finding.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import address, domain, nic
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm

_OTHER = nic(address(3, function=1), mac="<mac address='52:54:00:00:00:02'/>")

RULE = Rule(
    code="PCI124",
    name="missing-function-zero",
    summary="no multifunction function 0 beside it",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=False,
    source="PCI 3.0, 3.2.2.3.4; measured: scenario multifunction",
    bad=domain(nic(address(3, more=" multifunction='off'")), _OTHER),
    good=domain(nic(address(3, more=" multifunction='on'")), _OTHER),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every function but 0 in a slot whose function 0 is missing or hides the others."""
    visible = {(p.bus, p.slot) for p in vm.built_in if p.function}
    visible |= {(p.bus, p.slot) for p in vm.completed}
    visible |= {
        (d.place.bus, d.place.slot)
        for d in vm.devices
        if d.place is not None and d.place.function == 0 and d.multifunction
    }
    zero = {(d.place.bus, d.place.slot) for d in vm.devices if d.place and not d.place.function}
    for device in vm.devices:
        place = device.place
        if place is None or place.function not in range(1, 8):
            continue
        if (place.bus, place.slot) in visible:
            continue
        why = "is not multifunction" if (place.bus, place.slot) in zero else "is not there"
        yield trouble(vm, device, f"{device.name} is at {place}, and function 0 {why}")
