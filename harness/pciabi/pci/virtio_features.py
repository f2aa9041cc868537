"""The names of virtio's feature bits, by device type.

Sources: Virtual I/O Device (VIRTIO) 1.3, 5 (each type's feature bits) and 6 (those of all types);
Linux, include/uapi/linux/virtio_*.h, for bits that are older or newer than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.pci.virtio import FEATURE_BITS

NET, BLOCK, CONSOLE, BALLOON, SCSI, NINEP, GPU, INPUT = 1, 2, 3, 5, 8, 9, 16, 18

OF_ALL: Mapping[int, str] = MappingProxyType(
    {
        24: "NOTIFY_ON_EMPTY",
        27: "ANY_LAYOUT",
        28: "INDIRECT_DESC",
        29: "EVENT_IDX",
        30: "BAD_FEATURE",
        32: "VERSION_1",
        33: "ACCESS_PLATFORM",
        34: "RING_PACKED",
        35: "IN_ORDER",
        36: "ORDER_PLATFORM",
        37: "SR_IOV",
        38: "NOTIFICATION_DATA",
        39: "NOTIF_CONFIG_DATA",
        40: "RING_RESET",
        41: "ADMIN_VQ",
    }
)
"""Section 6: features that do not depend on the device type."""

BY_TYPE: Mapping[int, Mapping[int, str]] = MappingProxyType(
    {
        NET: {
            0: "CSUM",
            1: "GUEST_CSUM",
            2: "CTRL_GUEST_OFFLOADS",
            3: "MTU",
            5: "MAC",
            6: "GSO",
            7: "GUEST_TSO4",
            8: "GUEST_TSO6",
            9: "GUEST_ECN",
            10: "GUEST_UFO",
            11: "HOST_TSO4",
            12: "HOST_TSO6",
            13: "HOST_ECN",
            14: "HOST_UFO",
            15: "MRG_RXBUF",
            16: "STATUS",
            17: "CTRL_VQ",
            18: "CTRL_RX",
            19: "CTRL_VLAN",
            20: "CTRL_RX_EXTRA",
            21: "GUEST_ANNOUNCE",
            22: "MQ",
            23: "CTRL_MAC_ADDR",
            50: "DEVICE_STATS",
            51: "HASH_TUNNEL",
            52: "VQ_NOTF_COAL",
            53: "NOTF_COAL",
            54: "GUEST_USO4",
            55: "GUEST_USO6",
            56: "HOST_USO",
            57: "HASH_REPORT",
            59: "GUEST_HDRLEN",
            60: "RSS",
            61: "RSC_EXT",
            62: "STANDBY",
            63: "SPEED_DUPLEX",
            64: "RSS_CONTEXT",
            65: "GUEST_UDP_TUNNEL_GSO",
            66: "GUEST_UDP_TUNNEL_GSO_CSUM",
            67: "HOST_UDP_TUNNEL_GSO",
            68: "HOST_UDP_TUNNEL_GSO_CSUM",
        },
        BLOCK: {
            0: "BARRIER",
            1: "SIZE_MAX",
            2: "SEG_MAX",
            4: "GEOMETRY",
            5: "RO",
            6: "BLK_SIZE",
            7: "SCSI",
            9: "FLUSH",
            10: "TOPOLOGY",
            11: "CONFIG_WCE",
            12: "MQ",
            13: "DISCARD",
            14: "WRITE_ZEROES",
            15: "LIFETIME",
            16: "SECURE_ERASE",
            17: "ZONED",
        },
        CONSOLE: {0: "SIZE", 1: "MULTIPORT", 2: "EMERG_WRITE"},
        BALLOON: {
            0: "MUST_TELL_HOST",
            1: "STATS_VQ",
            2: "DEFLATE_ON_OOM",
            3: "FREE_PAGE_HINT",
            4: "PAGE_POISON",
            5: "PAGE_REPORTING",
        },
        SCSI: {0: "INOUT", 1: "HOTPLUG", 2: "CHANGE", 3: "T10_PI"},
        NINEP: {0: "MOUNT_TAG"},
        GPU: {0: "VIRGL", 1: "EDID", 2: "RESOURCE_UUID", 3: "RESOURCE_BLOB", 4: "CONTEXT_INIT"},
        19: {0: "STREAM", 1: "SEQPACKET", 2: "NO_IMPLIED_STREAM"},
        20: {
            0: "REVISION_1",
            1: "CIPHER_STATELESS_MODE",
            2: "HASH_STATELESS_MODE",
            3: "MAC_STATELESS_MODE",
            4: "AEAD_STATELESS_MODE",
            5: "AKCIPHER_STATELESS_MODE",
        },
        23: {
            0: "INPUT_RANGE",
            1: "DOMAIN_RANGE",
            2: "MAP_UNMAP",
            3: "BYPASS",
            4: "PROBE",
            5: "MMIO",
            6: "BYPASS_CONFIG",
        },
        24: {0: "ACPI_PXM", 1: "UNPLUGGED_INACCESSIBLE", 2: "PERSISTENT_SUSPEND"},
        25: {0: "CTLS"},
        26: {0: "NOTIFICATION"},
        27: {0: "SHMEM_REGION"},
        34: {0: "ZERO_LENGTH_REQUEST"},
        41: {0: "IRQ"},
    }
)
"""Section 5: features by device type, then by bit."""


def name_of(device_type: int, bit: int) -> str:
    """A feature's name without its prefix; `bit 48` for one that has none here."""
    named = BY_TYPE.get(device_type, {}).get(bit) or OF_ALL.get(bit)
    return named or f"bit {bit}"


def bits_of(features: int) -> Iterator[int]:
    """The bits that are set, the lowest first."""
    return (bit for bit in range(FEATURE_BITS) if features >> bit & 1)
