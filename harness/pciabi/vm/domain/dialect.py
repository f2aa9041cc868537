"""How one libvirt writes a domain for one QEMU: what differs between releases, by name.

libvirt asks the QEMU what it can do (`virQEMUCaps`), and writes by the answer and by what it knows
itself; both are told here by versions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from pciabi.errors import InputError

Version = tuple[int, int, int]
"""A release: major, minor, micro."""


class Trait(Enum):
    """Something that libvirt writes in one way from a release of its own, and for a release of
    QEMU, on; and in another way before."""

    JSON_DEVICE = "`-device` in JSON, which QEMU creates after those in key=value form"
    ACPI_INDEX = "`acpi-index=`, of `<acpi index>`"
    PAGE_PER_VQ = "`page-per-vq=` of a virtio device"
    RSS = "`rss=` and `hash=` of a virtio NIC"
    DISK_QUEUE_SIZE = "`queue-size=` of a virtio disk"
    DISK_ROTATION_RATE = "`rotation_rate=` of a disk"
    DISK_DISCARD_GRANULARITY = "`discard_granularity=` of a disk"
    SCSI_IOTHREAD_MAPPING = "`iothread-vq-mapping=` of a virtio SCSI controller"
    IOTHREAD_MAPPING = "`iothread-vq-mapping=` of a virtio disk"
    SCSI_REMOVABLE = "`removable=` of a SCSI disk"
    IDE_MODEL = "`model=` of an IDE or SATA disk, of `<product>`"
    LUN_WITHOUT_SCSI = "no `scsi=` of a virtio disk, a property that QEMU has not any more"
    GL_MODELS = "drivers of their own for virtio GPUs that render on the host's"
    VIRGL_MODELS = "no `virgl=` of a virtio GPU, a property that QEMU has not any more"
    VIDEO_DEVICE = "`<model device=>` of a virtio GPU, which says which driver it is"
    VIDEO_BLOB = "`blob=` of a virtio GPU"
    PCI_HOSTDEV_DISPLAY = "`display=` and `ramfb=` of a PCI device of the host's"
    HOSTDEV_TEAMING = "`failover_pair_id=` of a `<hostdev>`"
    VIRTIOFS_ID = "`id=` of a virtiofs"
    VHOST_USER_VGA_ALONE = "no `<driver>` options of a VGA device that a daemon serves"
    FILESYSTEM_BOOT = "`bootindex=` of a virtiofs"
    INPUTS_OF_ONE_MODEL = "no transitional input devices, which QEMU has not"
    VIRTIO_SOUND = "sound model virtio"
    SOUND_MULTICHANNEL = "`multi=` of usb-audio"
    SERIAL_INDEX = "`index=` of isa-serial"
    ITCO_STRAP = "watchdog itco, which the chipset has and QEMU is told to heed"
    CRYPTO = "`<crypto>`"
    PSTORE = "`<pstore>`"
    ACPI_OF_MACHINE = "`-machine acpi=`, and no `-no-acpi`, which QEMU has not any more"
    HPET_OF_MACHINE = "`-machine hpet=`, and no `-no-hpet`, which QEMU has not any more"
    PS2 = "`-machine i8042=`, of `<ps2>`"
    GRAPHICS = "`-machine graphics=off`, in the place of the ROM `sga`"
    MEMORY_IN_KIB = "`-m size=…k`, in the place of a number of MiB"
    CLUSTERS = "`clusters=` of `-smp`"
    SHIM = "`-shim`"
    IOMMU_ID = "`id=` of intel-iommu"
    DMA_TRANSLATION = "`dma-translation=` of intel-iommu"
    IOMMU_BEHIND_CONTROLLERS = "`<iommu>` behind the controllers, one of which it may be on"
    AMD_IOMMU = "`<iommu model='amd'>`"
    ROOT_HOTPLUG = "`acpi-root-pci-hotplug=` of PIIX4_PM, of the target of a pci-root"
    MEMORY_RESERVE = "`mem-reserve=` of a bridge"
    MEMORY_ON_PCI = "memory devices behind the controllers, since some are on PCI"
    MEMORY_ADDRESS = "`memaddr=` of virtio memory"
    MEMORY_SLOTS = "`dynamic-memslots=` of virtio-mem"
    MEMORY_DRIVER = "`<driver>` of virtio memory"
    MEMORY_PREALLOCATION = "`prealloc=` of virtio-mem"
    NVME_CONTROLLER = "`<controller type='nvme'>`"
    NEW_USB_DEFAULT = "another USB controller than piix3-uhci where none is named"
    PVPANIC_PCI = "panic model pvpanic"
    OVERRIDE = "`<qemu:override>`"


@dataclass(frozen=True)
class Since:
    """The first libvirt that has a trait, and the first QEMU that it has it for."""

    libvirt: Version
    qemu: Version = (0, 0, 0)


_TRAITS: Mapping[Trait, Since] = MappingProxyType(
    {
        # src/qemu/qemu_capabilities.c: QEMU_CAPS_DEVICE_JSON.
        Trait.JSON_DEVICE: Since((7, 9, 0), (6, 2, 0)),
        # The first release whose notes or documentation name each (NEWS.rst, formatdomain.rst).
        Trait.ACPI_INDEX: Since((7, 3, 0)),
        Trait.PAGE_PER_VQ: Since((7, 9, 0)),
        Trait.RSS: Since((8, 3, 0)),
        Trait.DISK_QUEUE_SIZE: Since((7, 8, 0)),
        Trait.DISK_ROTATION_RATE: Since((7, 3, 0)),
        Trait.IOTHREAD_MAPPING: Since((10, 0, 0), (9, 0, 0)),
        Trait.SCSI_IOTHREAD_MAPPING: Since((11, 2, 0), (10, 0, 0)),
        Trait.SCSI_REMOVABLE: Since((9, 6, 0)),
        Trait.HOSTDEV_TEAMING: Since((7, 1, 0)),
        # "Support hotplug and hotunplug for virtiofs", which need one.
        Trait.VIRTIOFS_ID: Since((7, 9, 0)),
        Trait.FILESYSTEM_BOOT: Since((7, 1, 0)),
        Trait.CRYPTO: Since((9, 1, 0)),
        Trait.PSTORE: Since((10, 6, 0)),
        Trait.ITCO_STRAP: Since((9, 1, 0)),
        Trait.IDE_MODEL: Since((11, 1, 0)),
        Trait.VIDEO_DEVICE: Since((12, 5, 0)),
        Trait.VIDEO_BLOB: Since((9, 2, 0)),
        Trait.PCI_HOSTDEV_DISPLAY: Since((10, 3, 0)),
        Trait.SOUND_MULTICHANNEL: Since((9, 4, 0)),
        Trait.VIRTIO_SOUND: Since((10, 4, 0)),
        # Not in their notes; 7.0 and 9.0 differ, or 9.0 and 11.3.
        Trait.SERIAL_INDEX: Since((9, 0, 0)),
        Trait.INPUTS_OF_ONE_MODEL: Since((9, 0, 0)),
        Trait.VHOST_USER_VGA_ALONE: Since((9, 0, 0)),
        Trait.DISK_DISCARD_GRANULARITY: Since((11, 3, 0)),
        # QEMU_CAPS_VIRTIO_GPU_GL_PCI, QEMU_CAPS_VIRTIO_BLK_SCSI.
        Trait.GL_MODELS: Since((7, 8, 0), (6, 1, 0)),
        Trait.VIRGL_MODELS: Since((0, 0, 0), (6, 1, 0)),
        # The machine type tells by query-machines whether it has ACPI from QEMU 8.0 on; it has the
        # property hpet from 4.2 on, but is asked for it in query-command-line-options.
        Trait.ACPI_OF_MACHINE: Since((9, 1, 0), (8, 0, 0)),
        Trait.HPET_OF_MACHINE: Since((8, 2, 0), (8, 0, 0)),
        Trait.PS2: Since((10, 7, 0)),
        Trait.GRAPHICS: Since((8, 2, 0)),
        Trait.MEMORY_IN_KIB: Since((9, 2, 0)),
        Trait.CLUSTERS: Since((10, 1, 0), (9, 1, 0)),
        Trait.SHIM: Since((11, 2, 0), (10, 0, 0)),
        Trait.IOMMU_ID: Since((7, 5, 0)),
        Trait.DMA_TRANSLATION: Since((10, 7, 0)),
        # `pciBus=` of an IOMMU names a controller since then; 11.3 and 12.8 differ.
        Trait.IOMMU_BEHIND_CONTROLLERS: Since((11, 10, 0)),
        Trait.AMD_IOMMU: Since((11, 5, 0)),
        Trait.ROOT_HOTPLUG: Since((7, 9, 0)),
        Trait.MEMORY_RESERVE: Since((11, 1, 0)),
        Trait.MEMORY_ON_PCI: Since((7, 1, 0)),
        Trait.MEMORY_ADDRESS: Since((9, 4, 0)),
        Trait.MEMORY_SLOTS: Since((10, 1, 0), (8, 2, 0)),
        Trait.MEMORY_DRIVER: Since((10, 6, 0)),
        Trait.MEMORY_PREALLOCATION: Since((8, 0, 0), (7, 0, 0)),
        Trait.NVME_CONTROLLER: Since((11, 5, 0)),
        Trait.NEW_USB_DEFAULT: Since((11, 9, 0)),
        Trait.PVPANIC_PCI: Since((9, 1, 0)),
        Trait.OVERRIDE: Since((8, 2, 0)),
        Trait.LUN_WITHOUT_SCSI: Since((0, 0, 0), (9, 1, 0)),
    }
)

# The oldest QEMU that a libvirt takes: src/qemu/qemu_capabilities.h, QEMU_MIN_*.
_OLDEST_QEMU: tuple[tuple[Version, Version], ...] = (
    ((12, 4, 0), (7, 2, 0)),
    ((11, 2, 0), (6, 2, 0)),
)
NEWEST: Version = (12, 8, 0)
"""The newest libvirt that pciabi knows."""
OLDEST: Version = (7, 0, 0)
"""The oldest libvirt that pciabi knows."""


_NUMBERS = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?", re.ASCII)


def version(text: str) -> Version:
    """A version as a user writes it, `9.0` or `9.0.0`. Raises InputError for what is none, or of
    no libvirt that pciabi knows."""
    match = _NUMBERS.fullmatch(text)
    if match is None:
        raise InputError(f"'{text}' is no version of libvirt", advice="such as 9.0")
    found = int(match[1]), int(match[2]), int(match[3] or 0)
    if found < OLDEST:
        raise InputError(f"libvirt {text} is too old", advice=f"pciabi knows {shown(OLDEST)} on")
    return found


def shown(libvirt: Version) -> str:
    """A version as people write it: `9.0.0`."""
    return ".".join(map(str, libvirt))


@dataclass(frozen=True)
class Dialect:
    """In which words a libvirt of this version writes for a QEMU of that version.

    `lacking` are drivers that this QEMU has in modules of its own, which are not installed.
    """

    libvirt: Version
    qemu: Version
    lacking: frozenset[str] = frozenset()

    def has(self, trait: Trait) -> bool:
        """Whether it writes so."""
        since = _TRAITS[trait]
        return self.libvirt >= since.libvirt and self.qemu >= since.qemu


def takes(libvirt: Version, qemu: Version) -> bool:
    """Whether a libvirt of that version starts a QEMU of that version at all."""
    oldest = next((least for since, least in _OLDEST_QEMU if libvirt >= since), (0, 0, 0))
    return qemu >= oldest


def newest_for(qemu: Version) -> Version:
    """The newest libvirt that takes a QEMU: the last one before it was dropped."""
    if takes(NEWEST, qemu):
        return NEWEST
    dropping = min(since for since, least in _OLDEST_QEMU if qemu < least)
    return dropping[0], dropping[1] - 1, 0
