"""What a machine type's name tells: the family its PCI is of, and whether the name is versioned.

Sources: QEMU `-machine help` of 5.2 to 11.1; downstream names of RHEL (pc-q35-rhel9.6.0, and
rhel6.6.0, which is i440fx), Ubuntu (pc-i440fx-jammy, pc-i440fx-jammy-hpb, ubuntu) and Proxmox VE
(pc-i440fx-9.2+pve1, q35+pve0).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pciabi.vm.pci_vm import Family, Place

_I440FX = re.compile(
    r"(?:pc|ubuntu)(?:\+pve\d+)?|pc-i440fx-.+|pc-\d.*|rhel[56]\.\d.*|xenfv(?:-\d.*)?"
)
_Q35 = re.compile(r"(?:q35|ubuntu-q35)(?:\+pve\d+)?|pc-q35-.+")
# Names that mean another machine type after an upgrade.
_FLOATING = re.compile(r"(pc|q35|ubuntu|ubuntu-q35)(\+pve\d+)?|xenfv")
# What x86's QEMU has without a PCI bus. microvm has one where `pcie=on` asks for it.
_WITHOUT_PCI = frozenset({"none", "isapc", "xenpv", "microvm", "nitro-enclave"})
# Machine types of other architectures, where the program's name does not tell which it is.
_FOREIGN = re.compile(
    r"virt(?:-.*)?|sbsa-ref|raspi.*|vexpress-.*|versatile.*|realview-.*|xlnx-.*|.*-bmc"
    r"|s390-.*|pseries(?:-.*)?|powernv\d*|ppce500|mac99|g3beige|bamboo|ref405ep|sam460ex|40p"
    r"|spike.*|sifive_.*|microchip-.*|shakti_c|opentitan|malta|boston|loongson3-virt|fuloong2e"
    r"|magnum|pica61|mipssim|SS-\d+|leon3_generic|sun4[uv]|niagara|clipper|hppa|B160L|C3700"
    r"|q800|next-cube|mcf5208evb|an5206|petalogix-.*|or1k-sim"
)

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
    """The family of a machine type of an architecture that is not known.

    Without one QEMU and libvirt take `pc`. `UNKNOWN` is a name that tells nothing.
    """
    if machine is not None and _FOREIGN.fullmatch(machine):
        return Family.OTHER
    return family_on_x86(machine)


def family_on_x86(machine: str | None) -> Family:
    """The family of a machine type that is x86's, as the program or the architecture says."""
    if machine is None or _I440FX.fullmatch(machine):
        return Family.I440FX
    if machine in _WITHOUT_PCI:
        return Family.OTHER
    return Family.Q35 if _Q35.fullmatch(machine) else Family.UNKNOWN


def is_floating(machine: str | None) -> bool:
    """Whether an upgrade of QEMU changes what the name means."""
    return machine is None or _FLOATING.fullmatch(machine) is not None


def built_in(of: Family, root_bus: str) -> Mapping[Place, str]:
    """The places on the root bus, by its name, that the machine itself uses, and by what."""
    found = BUILT_IN.get(of, {})
    return MappingProxyType({Place(root_bus, *at): what for at, what in found.items()})
