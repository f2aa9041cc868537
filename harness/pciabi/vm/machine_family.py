"""What a machine type's name tells: the family its PCI is of, and whether the name is versioned.

Sources: QEMU `-machine help` of 5.2 to 11.1; downstream names of RHEL (pc-q35-rhel9.6.0), Ubuntu
(pc-i440fx-jammy, pc-i440fx-jammy-hpb, ubuntu) and Proxmox VE (pc-i440fx-9.2+pve1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pciabi.vm.pci_vm import Family, Place

_I440FX = re.compile(r"pc|ubuntu|pc-i440fx-.+|pc-\d.*")
_Q35 = re.compile(r"q35|ubuntu-q35|pc-q35-.+")
# Names that mean another machine type after an upgrade.
_FLOATING = re.compile(r"(pc|q35|ubuntu|ubuntu-q35)(\+pve\d+)?")

# Sources: Intel 82371SB (PIIX3) and 82801IB (ICH9) datasheets, and `info pci` of an empty machine.
BUILT_IN: Mapping[Family, Mapping[tuple[int, int], str]] = MappingProxyType(
    {
        Family.I440FX: MappingProxyType(
            {
                (0, 0): "the host bridge",
                (1, 0): "the PIIX3 ISA bridge",
                (1, 1): "the PIIX3 IDE controller",
                (1, 3): "the PIIX4 ACPI function",
            }
        ),
        Family.Q35: MappingProxyType(
            {
                (0, 0): "the host bridge",
                (31, 0): "the ICH9 LPC bridge",
                (31, 2): "the ICH9 SATA controller",
                (31, 3): "the ICH9 SMBus controller",
            }
        ),
    }
)


def family(machine: str | None) -> Family:
    """The family of a machine type. Without one QEMU and libvirt take `pc`."""
    if machine is None or _I440FX.fullmatch(machine):
        return Family.I440FX
    return Family.Q35 if _Q35.fullmatch(machine) else Family.OTHER


def is_floating(machine: str | None) -> bool:
    """Whether an upgrade of QEMU changes what the name means."""
    return machine is None or _FLOATING.fullmatch(machine) is not None


def built_in(of: Family, root_bus: str) -> Mapping[Place, str]:
    """The places on the root bus, by its name, that the machine itself uses, and by what."""
    found = BUILT_IN.get(of, {})
    return MappingProxyType({Place(root_bus, *at): what for at, what in found.items()})
