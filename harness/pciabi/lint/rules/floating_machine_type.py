"""The machine type has no version.

`pc`, `q35` or none at all mean another machine type after every upgrade of QEMU: devices then
have other capabilities, BARs and vector counts under the same configuration. Proxmox pins such a
type by itself where the guest is Windows (`ostype`), and there is nothing to say then.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import I440FX, domain
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.machine_family import is_floating
from pciabi.vm.pci_vm import Family, PciVm

RULE = Rule(
    code="PCI201",
    name="floating-machine-type",
    summary="the machine type has no version",
    severity=Severity.WARNING,
    group=Group.OTHER,
    settled_at_define=True,
    source="QEMU -machine help: alias of",
    bad=domain(machine="pc"),
    good=domain(machine=I440FX),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """A machine type that is an alias, or none."""
    floats = is_floating(vm.machine) and vm.stands_for is None
    if vm.family is not Family.OTHER and floats:
        words = (
            f"machine type '{vm.machine}' means" if vm.machine else "without a machine type it is"
        )
        yield Trouble(
            vm.machine_span,
            vm.name,
            f"{words} another one after an upgrade of QEMU",
            "write a versioned one, such as pc-q35-9.2",
        )
