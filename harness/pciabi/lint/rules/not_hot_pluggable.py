"""A device sits where a running guest cannot lose it.

The root bus of q35 takes no hot-plug: only devices behind root ports and bridges come and go
while the guest runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import Q35, address, domain, element, nic
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Pinning, Role

_PORT = element(
    "<controller type='pci' index='1' model='pcie-root-port'>", "controller", address(2)
)
_LASTING = frozenset({Role.BRIDGE, Role.VIDEO})

RULE = Rule(
    code="PCI203",
    name="not-hot-pluggable",
    summary="a device sits where nothing can be hot-plugged",
    severity=Severity.WARNING,
    group=Group.OTHER,
    settled_at_define=False,
    source="QEMU, docs/pcie.txt: hot-plug is not supported on the root complex",
    bad=domain(nic(address(3)), machine=Q35),
    good=domain(_PORT, nic(address(0, bus=1)), machine=Q35),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every pinned device on a bus without hot-plug, but for bridges and video."""
    for device in vm.devices:
        bus = vm.bus(device.place.bus) if device.place is not None else None
        if device.pinning is not Pinning.PINNED or bus is None or device.role in _LASTING:
            continue
        if not bus.hotplug:
            yield Trouble(
                device.span,
                device.name,
                f"{device.name} is at {device.place}, where nothing can be hot-plugged",
                "put it behind a root port",
            )
