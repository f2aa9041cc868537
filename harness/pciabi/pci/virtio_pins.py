"""Which of QEMU's properties decide, beside a backend, what a virtio device shows: switched off
they pin it, whatever the backend can do.

Sources: QEMU, hw/net/virtio-net.c (virtio_net_properties), include/hw/virtio/virtio.h
(DEFINE_VIRTIO_COMMON_FEATURES). What has no property is not here: nothing pins it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from pciabi.pci.virtio_fields import configuration, feature

_OF_NET = {
    "CSUM": "csum",
    "GUEST_CSUM": "guest_csum",
    "CTRL_GUEST_OFFLOADS": "ctrl_guest_offloads",
    "MTU": "host_mtu",
    "GSO": "gso",
    "GUEST_TSO4": "guest_tso4",
    "GUEST_TSO6": "guest_tso6",
    "GUEST_ECN": "guest_ecn",
    "GUEST_UFO": "guest_ufo",
    "HOST_TSO4": "host_tso4",
    "HOST_TSO6": "host_tso6",
    "HOST_ECN": "host_ecn",
    "HOST_UFO": "host_ufo",
    "MRG_RXBUF": "mrg_rxbuf",
    "STATUS": "status",
    "CTRL_VQ": "ctrl_vq",
    "CTRL_RX": "ctrl_rx",
    "CTRL_VLAN": "ctrl_vlan",
    "CTRL_RX_EXTRA": "ctrl_rx_extra",
    "GUEST_ANNOUNCE": "guest_announce",
    "MQ": "mq",
    "CTRL_MAC_ADDR": "ctrl_mac_addr",
    "GUEST_USO4": "guest_uso4",
    "GUEST_USO6": "guest_uso6",
    "HOST_USO": "host_uso",
    "HASH_REPORT": "hash",
    "RSS": "rss",
    "RSC_EXT": "guest_rsc_ext",
    "GUEST_UDP_TUNNEL_GSO": "guest_tunnel",
    "GUEST_UDP_TUNNEL_GSO_CSUM": "guest_tunnel_csum",
    "HOST_UDP_TUNNEL_GSO": "host_tunnel",
    "HOST_UDP_TUNNEL_GSO_CSUM": "host_tunnel_csum",
}
_OF_ALL = {
    "NOTIFY_ON_EMPTY": "notify_on_empty",
    "ANY_LAYOUT": "any_layout",
    "INDIRECT_DESC": "indirect_desc",
    "EVENT_IDX": "event_idx",
    "ACCESS_PLATFORM": "iommu_platform",
    "RING_PACKED": "packed",
    "IN_ORDER": "in_order",
    "RING_RESET": "queue_reset",
}

PROPERTIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{feature(name): (pin,) for name, pin in {**_OF_NET, **_OF_ALL}.items()},
        configuration("max_virtqueue_pairs"): ("mq", "rss"),
        configuration("mtu"): ("host_mtu",),
    }
)
"""By what reports call it: it shows only where one of these properties is on."""

_OFF = frozenset({"off", "false", "no", "n", "0"})


def may_show(field: str, properties: Mapping[str, str]) -> bool:
    """Whether a device with these properties in force may show it beside some backend. A device
    without the property has it never."""
    pins = PROPERTIES.get(field)
    return pins is None or any(properties.get(pin, "off") not in _OFF for pin in pins)


def pinning(fields: Iterable[str]) -> tuple[str, ...]:
    """What a configuration says to have these switched off, and so known."""
    pins = dict.fromkeys(pin for field in fields for pin in PROPERTIES.get(field, ()))
    return tuple(f"{pin}=0" if pin == "host_mtu" else f"{pin}=off" for pin in pins)
