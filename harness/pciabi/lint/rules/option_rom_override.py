"""A device's option ROM is replaced or switched off.

The ROM is a BAR that the guest sees; a file of another size, on another host or after an upgrade,
changes it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import address, domain, nic
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm

RULE = Rule(
    code="PCI204",
    name="option-rom-override",
    summary="the option ROM is replaced or switched off",
    severity=Severity.WARNING,
    group=Group.OTHER,
    settled_at_define=False,
    source="PCI 3.0, 6.2.5.2; measured: the size of the ROM BAR follows the file",
    bad=domain(nic(f"<rom file='/roms/a.rom'/>\n  {address(3)}")),
    good=domain(nic(address(3))),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every device with a ROM file or BAR setting of its own."""
    for device in vm.devices:
        found = [name for name in ("romfile", "rombar") if name in device.properties]
        if found:
            yield Trouble(
                device.span,
                device.name,
                f"{device.name} sets {' and '.join(found)}: the guest sees another ROM BAR",
                "leave the ROM as QEMU has it, or keep the file with the configuration",
            )
