"""Which of a virtio device's properties decides which feature it offers, by device type.

Features by section 5 (those of one type) and 6 (those of all) of Virtual I/O Device (VIRTIO) 1.3;
the properties by QEMU's include/hw/virtio/virtio.h and hw/{net,block,char,display,scsi,virtio}/.
Whether a backend can do what a property allows is another question: it decides only whether the
bit shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

NET, BLOCK, CONSOLE, BALLOON, SCSI, GPU, SOCKET, MEMORY = 1, 2, 3, 5, 8, 16, 19, 24

OF_ALL: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "notify_on_empty": (24, "NOTIFY_ON_EMPTY"),
        "any_layout": (27, "ANY_LAYOUT"),
        "indirect_desc": (28, "INDIRECT_DESC"),
        "event_idx": (29, "EVENT_IDX"),
        "iommu_platform": (33, "ACCESS_PLATFORM"),
        "packed": (34, "RING_PACKED"),
        "in_order": (35, "IN_ORDER"),
        "queue_reset": (40, "RING_RESET"),
    }
)
"""Properties of every type: the number of the feature bit, and its name."""

BY_TYPE: Mapping[int, Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        NET: {
            "csum": (0, "CSUM"),
            "guest_csum": (1, "GUEST_CSUM"),
            "ctrl_guest_offloads": (2, "CTRL_GUEST_OFFLOADS"),
            "host_mtu": (3, "MTU"),
            "gso": (6, "GSO"),
            "guest_tso4": (7, "GUEST_TSO4"),
            "guest_tso6": (8, "GUEST_TSO6"),
            "guest_ecn": (9, "GUEST_ECN"),
            "guest_ufo": (10, "GUEST_UFO"),
            "host_tso4": (11, "HOST_TSO4"),
            "host_tso6": (12, "HOST_TSO6"),
            "host_ecn": (13, "HOST_ECN"),
            "host_ufo": (14, "HOST_UFO"),
            "mrg_rxbuf": (15, "MRG_RXBUF"),
            "status": (16, "STATUS"),
            "ctrl_vq": (17, "CTRL_VQ"),
            "ctrl_rx": (18, "CTRL_RX"),
            "ctrl_vlan": (19, "CTRL_VLAN"),
            "ctrl_rx_extra": (20, "CTRL_RX_EXTRA"),
            "guest_announce": (21, "GUEST_ANNOUNCE"),
            "mq": (22, "MQ"),
            "ctrl_mac_addr": (23, "CTRL_MAC_ADDR"),
            "guest_uso4": (54, "GUEST_USO4"),
            "guest_uso6": (55, "GUEST_USO6"),
            "host_uso": (56, "HOST_USO"),
            "hash": (57, "HASH_REPORT"),
            "rss": (60, "RSS"),
            "guest_rsc_ext": (61, "RSC_EXT"),
            "failover": (62, "STANDBY"),
            "guest_tunnel": (65, "GUEST_UDP_TUNNEL_GSO"),
            "guest_tunnel_csum": (66, "GUEST_UDP_TUNNEL_GSO_CSUM"),
            "host_tunnel": (67, "HOST_UDP_TUNNEL_GSO"),
            "host_tunnel_csum": (68, "HOST_UDP_TUNNEL_GSO_CSUM"),
        },
        BLOCK: {
            "scsi": (7, "SCSI"),
            "config-wce": (11, "CONFIG_WCE"),
            "discard": (13, "DISCARD"),
            "write-zeroes": (14, "WRITE_ZEROES"),
        },
        CONSOLE: {"emergency-write": (2, "EMERG_WRITE")},
        BALLOON: {
            "deflate-on-oom": (2, "DEFLATE_ON_OOM"),
            "free-page-hint": (3, "FREE_PAGE_HINT"),
            "page-poison": (4, "PAGE_POISON"),
            "free-page-reporting": (5, "PAGE_REPORTING"),
        },
        SCSI: {
            "hotplug": (1, "HOTPLUG"),
            "param_change": (2, "CHANGE"),
            "t10_pi": (3, "T10_PI"),
        },
        GPU: {"virgl": (0, "VIRGL"), "edid": (1, "EDID"), "blob": (3, "RESOURCE_BLOB")},
        SOCKET: {"seqpacket": (1, "SEQPACKET")},
        MEMORY: {"unplugged-inaccessible": (1, "UNPLUGGED_INACCESSIBLE")},
    }
)
"""Properties by the number of a device type: as in `OF_ALL`."""


ALWAYS_ALLOWED = frozenset({"emergency-write"})
"""Properties that QEMU had for old machine types only, and dropped with them (11.1): what has no
such property offers the feature."""


class Allowed(Enum):
    """Whether a property lets its device offer a feature. `HOST_DECIDES` where it leaves that to
    what the host can do."""

    NO = "no"
    YES = "yes"
    HOST_DECIDES = "host decides"


def feature_decided_by(name: str, device_type: int | None) -> tuple[int, str] | None:
    """The bit and the name of the feature that a property decides; None where it decides none,
    or the device is none of virtio (`device_type` None)."""
    if device_type is None:
        return None
    return BY_TYPE.get(device_type, {}).get(name) or OF_ALL.get(name)


def allowed_by(name: str, value: str | None) -> Allowed:
    """What a property's value allows; None where QEMU has no such property: then it does not know
    the feature yet, but for those that it has come to offer always."""
    if value is None:
        return Allowed.YES if name in ALWAYS_ALLOWED else Allowed.NO
    if value in ("", "off", "0"):
        return Allowed.NO
    return Allowed.HOST_DECIDES if value == "auto" else Allowed.YES
