"""Every PCI device that a QEMU can create alone, as arguments that state a machine with it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from pciabi.qemu.binary import Binary

_NAME = re.compile(r'^name "([^"]+)", bus PCI', re.MULTILINE)
_DISK = ("-blockdev", "null-co,node-name=d0,size=67108864,read-zeroes=on")
_MEMORY = ("-object", "memory-backend-ram,id=m0,size=128M,share=on")
_HOT_MEMORY = ("-m", "256M,slots=2,maxmem=1G", *_MEMORY)
_SERIAL = ("-chardev", "null,id=c0")
_SOUND = ("-audiodev", "none,id=a0")
_MAC = "mac=52:54:00:00:00:01"

# What a device needs beside it, and its own further properties.
_NEEDS: dict[str, tuple[tuple[str, ...], str]] = {
    "AC97": (_SOUND, "audiodev=a0"),
    "ES1370": (_SOUND, "audiodev=a0"),
    "virtio-sound-pci": (_SOUND, "audiodev=a0"),
    "nvme": (_DISK, "drive=d0,serial=one"),
    "ivshmem-plain": (("-object", "memory-backend-ram,id=m0,size=1M,share=on"), "memdev=m0"),
    "acpi-erst": (("-object", "memory-backend-ram,id=m0,size=64K"), "memdev=m0"),
    "virtio-pmem-pci": (_HOT_MEMORY, "memdev=m0"),
    "virtio-mem-pci": (_HOT_MEMORY, "memdev=m0"),
    "virtio-crypto-pci": (("-object", "cryptodev-backend-builtin,id=b0"), "cryptodev=b0"),
    "pci-serial": (_SERIAL, "chardev=c0"),
    "pci-ipmi-bt": (("-device", "ipmi-bmc-sim,id=b0"), "bmc=b0"),
    "pci-ipmi-kcs": (("-device", "ipmi-bmc-sim,id=b0"), "bmc=b0"),
    "pci-bridge": ((), "chassis_nr=1"),
    "pci-bridge-seat": ((), "chassis_nr=1"),
    "pcie-root-port": ((), "chassis=9,slot=9"),
    "ioh3420": ((), "chassis=9,slot=9"),
    "rocker": ((), "name=r0"),
    "pxb": ((), "bus_nr=64"),
    "pxb-pcie": ((), "bus_nr=64"),
    "e1000e": ((), _MAC),
    "igb": ((), _MAC),
    "vmxnet3": ((), _MAC),
}
# They need hardware, a process or a file of the host, or a machine made for them.
_NOT_ALONE = re.compile(
    r"vhost-|vfio|virtio-9p|virtio-input-host|.*-gl(-pci)?$|ivshmem-doorbell|pvrdma|x-pci-proxy"
    r"|xen-platform|AMDVI-PCI|cxl-|pxb-cxl|pci-serial-[24]x|.*_pci$"
)


@dataclass(frozen=True)
class Alone:
    """A machine with one device: its name and place, and QEMU's arguments."""

    device: str
    place: str
    arguments: tuple[str, ...]


def alone(qemu: Binary, machine: str) -> Iterator[Alone]:
    """Each device of this QEMU on a root bus, and on q35 behind a root port."""
    listing = subprocess.run(
        [*qemu.command, "-device", "help"], capture_output=True, text=True, check=True
    ).stdout
    for device in sorted(set(_NAME.findall(listing))):
        if _NOT_ALONE.match(device) and device != "ne2k_pci":
            continue
        beside, own = _NEEDS.get(device, ((), ""))
        if device.startswith("virtio-blk"):
            beside, own = _DISK, "drive=d0"
        base = ("-nodefaults", "-no-user-config", "-machine", machine, *beside)
        words = ",".join(word for word in (f"{device},id=test0", own) if word)
        yield Alone(device, "root", (*base, "-device", f"{words},addr=5"))
        if "q35" in machine:
            port = ("-device", "pcie-root-port,id=port0,chassis=1,slot=1,addr=2")
            yield Alone(device, "port", (*base, *port, "-device", f"{words},bus=port0"))
