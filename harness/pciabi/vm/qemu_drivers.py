"""What QEMU's PCI device drivers are to a guest, and the buses that bridges among them provide.

Which drivers are PCI is QEMU's own word (`driver_table`); what is a NIC or a disk follows from
the properties they take. Slots: measured with QEMU 7.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pciabi.vm.command_line.driver_table import Driver, driver_table
from pciabi.vm.pci_vm import PciBus, Role

_EXPANDERS = frozenset({"pxb", "pxb-pcie", "pxb-cxl"})
_ONE_SLOT = frozenset(
    {"pcie-root-port", "ioh3420", "xio3130-downstream", "cxl-rp", "cxl-downstream"}
)
_MANY_SLOTS = frozenset(
    {
        *("pci-bridge", "pci-bridge-seat", "pcie-pci-bridge", "i82801b11-bridge", "dec-21154"),
        *("x3130-upstream", "cxl-upstream"),
    }
)
_NO_HOTPLUG = _EXPANDERS | {"x3130-upstream", "cxl-upstream", "i82801b11-bridge"}
WITH_A_FUNCTION = frozenset({"amd-iommu"})
"""Devices off PCI that make a function on it: hw/i386/amd_iommu.c, AMDVI-PCI."""
_VIDEO = frozenset(
    {
        *("VGA", "cirrus-vga", "qxl-vga", "qxl", "vmware-svga", "virtio-vga", "virtio-vga-gl"),
        *("bochs-display", "ati-vga", "secondary-vga", "vhost-user-vga", "virtio-gpu-pci"),
        *("virtio-gpu-gl-pci", "vhost-user-gpu-pci"),
    }
)
# One of these on the command line, and QEMU makes no VGA of its own: system/vl.c, default_list.
DEFAULT_VGA_DRIVERS = frozenset(
    {"VGA", "isa-vga", "cirrus-vga", "isa-cirrus-vga", "vmware-svga", "qxl-vga"}
    | {"virtio-vga", "virtio-vga-gl", "vhost-user-vga"}
)
_SOUND = frozenset({"intel-hda", "ich9-intel-hda", "AC97", "ES1370", "virtio-sound-pci"})
_USB = ("-uhci", "-ehci", "-ohci", "-xhci", "usb-ehci", "pci-ohci", "ich9-usb-", "nec-usb-")
_CONTROLLERS = (
    *("virtio-scsi", "lsi", "megasas", "mptsas", "pvscsi", "am53c974", "dc390", "ich9-ahci"),
    *("piix", "virtio-serial", "vhost-scsi", "vhost-user-scsi", "sdhci"),
)
_ROLES: Mapping[str, Role] = MappingProxyType(
    {
        **dict.fromkeys(_EXPANDERS | _ONE_SLOT | _MANY_SLOTS, Role.BRIDGE),
        **dict.fromkeys(_VIDEO, Role.VIDEO),
        **dict.fromkeys(_SOUND, Role.SOUND),
        "vhost-user-blk-pci": Role.DISK,
    }
)


def find(written: str) -> Driver | None:
    """The driver a configuration means, aliases resolved; None for one no QEMU has."""
    return driver_table().find(written)


def role(driver: Driver) -> Role:
    """What a PCI driver's device is to the guest."""
    if driver.name in _ROLES:
        return _ROLES[driver.name]
    if "netdev" in driver.text:
        return Role.NIC
    if "drive" in driver.text:
        return Role.DISK
    if driver.name.startswith("virtio-balloon"):
        return Role.BALLOON
    if any(part in driver.name for part in _USB):
        return Role.USB
    return Role.CONTROLLER if driver.name.startswith(_CONTROLLERS) else Role.OTHER


def bus_behind(driver: Driver, device_id: str) -> PciBus | None:
    """The bus a bridge provides, which QEMU names as the bridge; None for what is no bridge."""
    hotplug = driver.name not in _NO_HOTPLUG
    if driver.name in _ONE_SLOT:
        return PciBus(device_id, range(1), hotplug)
    if driver.name in _MANY_SLOTS:
        return PciBus(device_id, range(32), hotplug)
    if driver.name in _EXPANDERS:
        return PciBus(device_id, range(32), hotplug, root=True)
    return None
