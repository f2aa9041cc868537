"""A virtio device sits on q35's root bus, where it is another device than behind a root port.

On `pcie.0` QEMU makes it transitional (1af4:1000 for a NIC), behind a root port modern only
(1af4:1041). To move it, once it matters that it can be hot-plugged, gives the guest other
hardware: put it where it is to stay from the beginning.

Graphics, input and other devices that came with virtio 1.0 are modern everywhere, and so the same
in both places.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import Q35, address, domain, element, nic
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import Family, PciDevice, PciVm, Role

_PORT = element(
    "<controller type='pci' index='1' model='pcie-root-port'>", "controller", address(2)
)

RULE = Rule(
    code="PCI206",
    name="virtio-on-root-bus",
    summary="a virtio device sits on q35's root bus",
    severity=Severity.WARNING,
    group=Group.OTHER,
    settled_at_define=False,
    source="measured: virtio is 1af4:1000 on pcie.0 and 1af4:1041 behind a root port; "
    "virtio 1.2, 4.1.2.1",
    bad=domain(nic(address(3)), machine=Q35),
    good=domain(_PORT, nic(address(0, bus=1)), machine=Q35),
    companions=("not-hot-pluggable",),
)

# What has a transitional form: QEMU's words, and of libvirt's `virtio` the kinds of device.
_DRIVERS = frozenset(
    f"virtio-{kind}{suffix}"
    for kind in ("net", "blk", "scsi", "serial", "balloon", "rng", "9p")
    for suffix in ("", "-pci")
)
_VIRTIO = "virtio"
_ROLES = frozenset({Role.NIC, Role.DISK, Role.BOOT_DISK, Role.BALLOON})
_RNG = "rng "


def _has_two_forms(device: PciDevice) -> bool:
    if device.driver != _VIRTIO:
        return device.driver in _DRIVERS
    return device.role in _ROLES or device.name.startswith(_RNG)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every virtio device that is pinned to the root bus of q35."""
    if vm.family is not Family.Q35:
        return
    for device in vm.devices:
        bus = vm.bus(device.place.bus) if device.place is not None else None
        if _has_two_forms(device) and bus is not None and bus.root:
            yield Trouble(
                device.span,
                device.name,
                f"{device.name} is at {device.place}, where a virtio device has other ids than "
                "behind a root port",
                "put it behind a root port",
            )
