"""A NIC that is not written down.

Without `-nodefaults`, and without any `-netdev`, `-nic` or `-net`, QEMU makes a NIC of its own: an
e1000 on i440fx, an e1000e on q35. It goes as soon as another one is written, and all behind it
move.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import I440FX, qemu, without
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import implicit
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Role

RULE = Rule(
    code="PCI111",
    name="implicit-nic",
    summary="a NIC will be there that is not written down",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=False,
    source="measured: QEMU 7.2 `info pci` without -nodefaults",
    bad=without(qemu("-vga none"), "-nodefaults \\"),
    good=qemu("-vga none", machine=I440FX),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """The NIC QEMU makes by itself."""
    return implicit(vm, Role.NIC)
