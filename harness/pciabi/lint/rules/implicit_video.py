"""A video adapter that is not written down.

libvirt adds one to every domain with a `<graphics>` element. Which model it takes depends on the
QEMU at hand. Write it with an address, or as `<video><model type='none'/></video>`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import address, domain
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import implicit
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm, Role

RULE = Rule(
    code="PCI114",
    name="implicit-video",
    summary="a video adapter will be there that is not written down",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=True,
    source="measured with virsh define, libvirt 9.0",
    bad=domain("<graphics type='vnc'/>"),
    good=domain(
        "<graphics type='vnc'/>",
        f"<video>\n  <model type='vga'/>\n  {address(2)}\n</video>",
    ),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every video adapter that the configuration does not write down."""
    return implicit(vm, Role.VIDEO)
