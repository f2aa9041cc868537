"""A model that is left to libvirt, whose releases have not always chosen it alike.

What a domain does not say libvirt chooses, and most of it libvirt writes down when the domain is
defined. A choice that is made anew at every start, or that another release makes otherwise, is
other hardware after an upgrade, or on the host that a guest migrates to:

- `<video><model type='virtio'/>`, of the first adapter: libvirt up to 12.4 takes virtio-vga or
  virtio-gpu-pci by the modules that QEMU has at each start, and writes neither down; 12.5 and newer
  write `device=` when the domain is defined.
- `<controller type='scsi'>` without a model on Arm and RISC-V: lsilogic up to 11.5, virtio-scsi
  from 11.6 on.
- `<controller type='usb'>` without a model on other machines than x86: another one from 11.9 on.

On x86 7.0, 9.0, 11.3 and 12.8 choose the models of USB and SCSI controllers alike.
docs/libvirt-drift.md has what each of the first three makes of twelve domains;
`pciabi diff vm.xml vm.xml --from libvirt:9.0 --to libvirt:11.3` tells it of yours.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import address, domain
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm

_VIDEO = "<video>\n  <model type='virtio' heads='1'{device}/>\n  {place}\n</video>"

RULE = Rule(
    code="PCI207",
    name="drifting-model",
    summary="libvirt's releases choose a model that is left open differently",
    severity=Severity.WARNING,
    group=Group.OTHER,
    settled_at_define=False,
    source="libvirt, NEWS.rst, v11.6.0, v11.9.0, v12.5.0; measured with 7.0, 9.0, 11.3, 12.8",
    bad=domain(_VIDEO.format(device="", place=address(2))),
    good=domain(_VIDEO.format(device=" device='virtio-vga'", place=address(2))),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every choice that is left open and has drifted."""
    for one in vm.left_open:
        yield Trouble(one.span, vm.name, f"{one.what} is left open: {one.history}", one.remedy)
