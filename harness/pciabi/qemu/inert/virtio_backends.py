"""What backends decide of the virtio devices that use them: the features and the fields of the
device configuration that are not known where something else stands in for the backend.

Sources: QEMU, hw/net/virtio-net.c (virtio_net_get_features: what the peer does not have is not
offered), hw/net/vhost_net.c (kernel_feature_bits, user_feature_bits: what vhost may take away),
net/vhost-vdpa.c (vdpa_feature_bits); hw/display/virtio-gpu-base.c; backends/cryptodev-vhost-user.c.
Those of a tap are measured by `tests/real/test_inert_backends.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pciabi.pci.virtio_configuration import UNNAMED
from pciabi.pci.virtio_features import NET, name_of
from pciabi.pci.virtio_fields import QUEUE_COUNT, configuration, feature, queue_sizes
from pciabi.vm.command_line import backend_kind

QUEUE_PAIRS = configuration("max_virtqueue_pairs")
RENDERER = (feature("VIRGL"), feature("CONTEXT_INIT"), configuration("num_capsets"))
"""What the host's GPU decides of a virtio GPU that renders on it."""
CRYPTO = (configuration(UNNAMED), QUEUE_COUNT)
"""What a backend for cryptography decides: which ciphers there are, and a queue for each of its
own."""
TRANSMIT_QUEUE = queue_sizes([1])

# Checksums, segmentation of TCP and UDP, the hash in the header, tunnels: the header that a tap
# has in front of packets carries them.
_HEADER = frozenset({0, 1, *range(7, 15), *range(54, 58), *range(65, 69)})
# MRG_RXBUF, MTU, the ring's own features, RSC_EXT; RSS, which the kernel does by a program of
# QEMU's, where it lets QEMU load one.
_KERNEL = frozenset({3, 15, 24, 28, 29, 32, 33, 34, 35, 38, 40, 57, 60, 61, 65, 67})
_DAEMON = _HEADER | _KERNEL | {6, 21, 22, 27}
_HARDWARE = _DAEMON | {2, 16, 17, 18, 19, 20, 23}
_SERVED_BY: Mapping[str, frozenset[int]] = {
    "vhost-user": _DAEMON,
    "passt": _DAEMON,
    "vhost-vdpa": _HARDWARE,
}
LONGEST_TRANSMIT_QUEUE = 256
"""Beside other backends QEMU cuts the transmit queue down to this, or refuses a longer one
(virtio_net_max_tx_queue_size)."""
_OF_A_DEVICE = (
    *("status", "mtu", "speed", "duplex"),
    *("rss_max_key_size", "rss_max_indirection_table_length", "supported_hash_types"),
)


def net_features(told: Mapping[str, str]) -> Iterator[str]:
    """The features of a NIC that a network backend decides; `told` is what its option says of its
    kind (`backend_kind`)."""
    bits = _SERVED_BY.get(told.get("type", ""), frozenset[int]())
    if not bits and backend_kind.offers_offloads(told):
        bits = _HEADER | (_KERNEL if backend_kind.has_vhost(told) else frozenset())
    return (feature(name_of(NET, bit)) for bit in sorted(bits))


def net_configuration(told: Mapping[str, str]) -> Iterator[str]:
    """The fields of its device configuration that are the backend's."""
    if told.get("type", "") == "vhost-vdpa":
        yield from map(configuration, _OF_A_DEVICE)
    if told.get("type", "") in _SERVED_BY or backend_kind.queue_pairs(told) != 1:
        yield QUEUE_PAIRS


def longer_transmit_queue(told: Mapping[str, str], stated: str | None) -> str | None:
    """The size that a NIC's transmit queue has beside the backend and beside no stand-in, where
    that is so; `stated` is its `tx_queue_size`."""
    if stated is None or told.get("type", "") not in _SERVED_BY:
        return None
    try:
        size = int(stated, 0)
    except ValueError:
        return stated
    return str(size) if size > LONGEST_TRANSMIT_QUEUE else None
