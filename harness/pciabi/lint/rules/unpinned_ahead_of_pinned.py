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
from pciabi.vm.pci_vm import Creation, PciDevice, PciVm, Pinning

_FREE = "-device virtio-rng-pci,id=rng0"
_NIC = "-device e1000,id=net0,mac=52:54:00:00:00:01,addr=0x2"
_ALLOCATED = (Pinning.UNPINNED, Pinning.UNPINNABLE)

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
    """Every unpinned device that gets the slot of a pinned one created after it."""
    if vm.creation is not Creation.IN_ORDER:
        return
    taken: dict[tuple[str, int], PciDevice | None] = {(p.bus, p.slot): None for p in vm.built_in}
    for device in vm.devices:
        if device.place is not None:
            key = device.place.bus, device.place.slot
            earlier = taken.get(key)
            if earlier is not None and earlier.place is None:
                yield trouble(
                    vm,
                    earlier,
                    f"{earlier.name} is created before {device.name} and takes its place, "
                    f"{device.place}: QEMU refuses to start",
                )
            taken[key] = device
        elif device.pinning in _ALLOCATED and (bus := vm.bus(device.bus)) is not None:
            free = next((slot for slot in bus.slots if (bus.name, slot) not in taken), None)
            if free is not None:
                taken[bus.name, free] = device
