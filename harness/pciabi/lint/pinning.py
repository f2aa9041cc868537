"""What rules about missing addresses have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pciabi.lint.finding import Trouble
from pciabi.vm.pci_vm import PciDevice, PciVm, Pinning, Role


def unpinned(vm: PciVm, roles: Iterable[Role], pinning: Pinning, words: str) -> Iterator[Trouble]:
    """A trouble for every device of these roles that is pinned in that way; `words` say how."""
    wanted = frozenset(roles)
    for device in vm.devices:
        if device.role in wanted and device.pinning is pinning:
            why = f" ({device.detail})" if device.detail else ""
            yield trouble(
                vm, device, f"{device.name} {words}{why}: it moves when devices come or go"
            )


def implicit(vm: PciVm, role: Role) -> Iterator[Trouble]:
    """A trouble for every device of this role that is not written down."""
    words = "is not written down and yet will be there"
    return unpinned(vm, (role,), Pinning.IMPLICIT, words)


def trouble(vm: PciVm, device: PciDevice, message: str) -> Trouble:
    """A trouble that an address would mend."""
    return Trouble(device.span, device.name, message, device.remedy or vm.remedy)
