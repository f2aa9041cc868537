"""What rules about missing addresses have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pciabi.lint.finding import Trouble
from pciabi.vm.pci_vm import PciDevice, PciVm, Pinning, Place, Role


def unpinned(vm: PciVm, roles: Iterable[Role], pinning: Pinning) -> Iterator[PciDevice]:
    """The devices of these roles that are pinned in that way."""
    wanted = frozenset(roles)
    return (d for d in vm.devices if d.role in wanted and d.pinning is pinning)


def trouble(vm: PciVm, device: PciDevice, message: str) -> Trouble:
    """A trouble that an address would mend."""
    return Trouble(device.span, device.name, message, vm.remedy)


def used_places(vm: PciVm) -> Iterator[tuple[Place, str]]:
    """Every place that is taken whatever the hypervisor decides, and by whom."""
    yield from vm.built_in.items()
    yield from ((d.place, d.name) for d in vm.devices if d.place is not None)
