"""A NIC without a PCI address of its own.

QEMU hands out slots in the order in which it creates devices. When a device in front of this
NIC is added or removed, the NIC moves: Linux gives it another name (`ens4` becomes `ens3`) and
finds no configuration for it, Windows installs a new network adapter and leaves the settings
with the old one.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.pinning import trouble, unpinned
from pciabi.lint.rule import Example, Group, Rule
from pciabi.vm.pci_vm import PciVm, Pinning, Role

_DOMAIN = """\
<domain type='kvm'>
  <name>web</name>
  <os><type machine='pc-i440fx-7.2'>hvm</type></os>
  <devices>
    <controller type='usb' model='none'/>
    <interface type='network'>
      <mac address='52:54:00:00:00:01'/>
      <source network='default'/>
      <model type='virtio'/>{address}
    </interface>
    <memballoon model='none'/>
  </devices>
</domain>
"""
_ADDRESS = """
      <address type='pci' domain='0x0000' bus='0x00' slot='0x03' function='0x0'/>"""

RULE = Rule(
    code="PCI101",
    name="unpinned-nic",
    summary="a NIC has no PCI address",
    severity=Severity.ERROR,
    group=Group.ADDRESS,
    settled_at_define=True,
    source="measured: scenario two-nics-unpinned; systemd.net-naming-scheme(7)",
    bad=Example("libvirt", _DOMAIN.format(address="")),
    good=Example("libvirt", _DOMAIN.format(address=_ADDRESS)),
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """Every NIC whose address is left to the hypervisor."""
    for device in unpinned(vm, (Role.NIC,), Pinning.UNPINNED):
        yield trouble(
            vm, device, f"{device.name} has no PCI address: it moves when devices come or go"
        )
