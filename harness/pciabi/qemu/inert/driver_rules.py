"""Which device drivers may start, and what becomes of those that would touch the host.

A driver that QEMU is recorded to have passes if it is not named here and everything it takes
that is text is known: numbers and switches name nothing of the host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pciabi.qemu.inert import virtio_backends

_HOST_DEVICE = "is a device of the host's"
_DAEMON = "is served by a daemon it connects to"
_KERNEL = "is served by the host's kernel"

# PCI devices that another one stands in for: only their place can be known.
HELD: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("vfio-pci", "vfio-pci-nohotplug", "vfio-user-pci"), _HOST_DEVICE),
        **dict.fromkeys(("xen-pci-passthrough", "pvrdma", "virtio-input-host-pci"), _HOST_DEVICE),
        "x-pci-proxy-dev": _DAEMON,
        "ivshmem-doorbell": _DAEMON,
    }
)
# The same, by what their names begin with.
HELD_FAMILIES: Mapping[str, str] = MappingProxyType(
    {"vhost-user-": _DAEMON, "vhost-vdpa-": _KERNEL, "vhost-scsi": _KERNEL, "vhost-vsock": _KERNEL}
)

# Devices off PCI that are left out: nothing on PCI changes without them (but ACPI may).
OFF_PCI: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("usb-host", "u2f-passthru", "usb-mtp"), _HOST_DEVICE),
        **dict.fromkeys(("u2f-emulated", "canokey"), "keeps its state in a file"),
        **dict.fromkeys(("ccid-card-emulated", "ccid-card-passthru"), _HOST_DEVICE),
        **dict.fromkeys(("virtio-input-host-device",), _HOST_DEVICE),
        **dict.fromkeys(("loader", "guest-loader"), "loads a file for a guest that does not run"),
        **dict.fromkeys(("sgx-epc", "nitro-vsock-bridge"), "needs the host's processor"),
        **dict.fromkeys(("tpm-tis", "tpm-crb", "tpm-spapr"), "has no inert backend"),
        **dict.fromkeys(("hv-syndbg", "usb-braille"), _DAEMON),
        **dict.fromkeys(("uefi-vars-x64", "uefi-vars-sysbus"), "keeps its state in a file"),
    }
)
WITH_ACPI_TABLES = frozenset({"tpm-tis", "tpm-crb"})

# Drivers that stand in for one another on PCI or off it, but for what the real backend adds.
REPLACED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "virtio-gpu-gl-pci": ("virtio-gpu-pci", "renders on the host's GPU"),
        "virtio-vga-gl": ("virtio-vga", "renders on the host's GPU"),
        "virtio-gpu-gl-device": ("virtio-gpu-device", "renders on the host's GPU"),
        "scsi-block": ("scsi-hd", "passes commands on to a disk of the host's"),
        "scsi-generic": ("scsi-hd", "passes commands on to a disk of the host's"),
    }
)
# A QEMU without the OpenGL modules ends when it is asked about these.
NEEDS_OPENGL = frozenset({"virtio-gpu-gl-pci", "virtio-vga-gl", "virtio-gpu-gl-device"})
# What of each the real backend decides, as far as it is on PCI.
REPLACED_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    dict.fromkeys(("virtio-gpu-gl-pci", "virtio-vga-gl"), virtio_backends.RENDERER)
)

# The NICs that offer what their network backend can do; all others look alike beside any.
# With a multiqueue backend they have more vectors too, unless they are told how many.
OFFERS_ITS_BACKEND = frozenset(
    ("virtio-net-pci", "virtio-net-pci-transitional", "virtio-net-pci-non-transitional")
)

# Properties that only KVM's interrupt controllers serve: QEMUs before 10.0 refuse them beside TCG.
# They decide nothing on PCI.
NEEDS_KVM: Mapping[str, frozenset[str]] = MappingProxyType({"intel-iommu": frozenset({"eim"})})

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("igd-passthrough-i440FX", "igd-passthrough-isa-bridge", "vfio-pci-igd-lpc-bridge"),
            "copies what the host's graphics device says",
        ),
        **dict.fromkeys(
            ("xen-disk", "xen-cdrom", "xen-net-device", "xen-console", "xen-platform"),
            "belongs to Xen",
        ),
        "xen-backend": "belongs to Xen",
    }
)

# What properties that take text say. Names of other things on the command line:
REFERENCES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("drive", "driveA", "driveB"), "drive"),
        "netdev": "netdev",
        **dict.fromkeys(("chardev", *(f"chardev{n}" for n in range(8))), "chardev"),
        "fsdev": "fsdev",
        "tpmdev": "tpmdev",
        "audiodev": "audiodev",
        **dict.fromkeys(("memdev", "lsa", "pmrdev", "persistent-memdev"), "object"),
        **dict.fromkeys(("volatile-memdev", "volatile-dc-memdev"), "object"),
        **dict.fromkeys(("rng", "cryptodev", "iothread", "canbus", "canbus0", "canbus1"), "object"),
    }
)
# Names of other devices, buses and ports, and words a guest reads:
WORDS = frozenset(
    """
    addr auth-key bmc bus date desc device_id display duplex failover_pair_id fdp.ruhs filter
    firmware-version fp_start_macaddr guid hba_serial instanceid lan.defgw_ipaddr
    lan.defgw_macaddr lan.ipaddr lan.macaddr lan.netmask mac masterbus model mount_tag name
    nguid nqn osk pci-id pci-type port primary-bus product serial sriov-pf subsys tag target tx
    uuid vdev vendor ver vf-token world wwpn hv-vendor-id
    """.split()  # noqa: SIM905
)
# Files the device can do without:
FILES = frozenset(
    ("cdat", "frudatafile", "jsonfile", "pcap", "pcapfile", "sdrfile", "ebpf-rss-fds")
)
ROM_FILE = "romfile"
# ROMs that come with QEMU and that it looks up by these names in its own folder.
_QEMUS_OWN_ROM = re.compile(r"(efi|pxe)-[\w-]+\.rom|vgabios-[\w-]+\.bin")
# Which device of the host's it is.
THE_HOSTS = frozenset({"host", "hostaddr", "sysfsdev", "vhostdev", "evdev", "wwpn", "ibdev"})


def is_a_file(romfile: str) -> bool:
    """Whether a ROM is a file of the user's; an empty one is none at all."""
    return romfile != "" and _QEMUS_OWN_ROM.fullmatch(romfile) is None
