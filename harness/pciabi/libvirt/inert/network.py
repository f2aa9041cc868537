"""`<interface>`: the NIC stays, what it is connected to goes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pciabi.libvirt.inert.allow_list import described, refused
from pciabi.libvirt.inert.common import (
    NO_HOST,
    NOTHING,
    NOWHERE,
    VIRTIO,
    Treatment,
    Turn,
    containing,
    device,
    made,
)
from pciabi.libvirt.inert.host_devices import (
    NOT_THERE,
    PATH,
    pci_source,
    placed_by_its_kind,
    usb_source,
)
from pciabi.vm.xml_tree import Element

MAC = "MAC address"
"""As `abi.facts.mac` calls it."""
_PEER = {"address": NO_HOST, "port": "1"}
_UNCONNECTED = frozenset({"user", "ethernet", "null"})
_SOURCES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "network": {"network": NOTHING},
        "bridge": {"bridge": NOTHING},
        "internal": {"name": NOTHING},
        "direct": {"dev": NOTHING, "mode": "bridge"},
        "vdpa": {"dev": f"{NOWHERE}/vdpa"},
        "vhostuser": {"type": "unix", "path": f"{NOWHERE}/vhost-user-net", "mode": "client"},
        "server": _PEER,
        "client": _PEER,
        # MCAST-TEST-NET: RFC 6676.
        "mcast": {**_PEER, "address": "233.252.0.1"},
    }
)


def _interface(kept: Element, turn: Turn) -> Element:
    kind = turn.element.attributes.get("type", "")
    written = turn.element.child("source")
    source = _source(kind, written, kept, turn)
    if written is not None:
        said = f"<interface type='{kind}'>{described(written)}"
        if kind == "hostdev" and placed_by_its_kind(kept, turn.family):
            turn.record.tell(said, NOT_THERE, PATH)
        else:
            turn.record.tell(said, "nothing of that name")
    connected = containing(kept, source) if source is not None else kept
    if kept.value("mac", "address") is not None:
        return connected
    # libvirt would make one up, at random, at every define.
    turn.record.tell("<interface> without <mac>", "a MAC by its place in the file", MAC)
    return containing(connected, made(kept, "mac", address=_mac(turn.ordinal)))


def _mac(ordinal: int) -> str:
    """An address out of QEMU's own, the same at every define."""
    high, low = divmod(ordinal, 1 << 8)
    return f"52:54:00:70:{high % (1 << 8):02x}:{low:02x}"


def _source(kind: str, written: Element | None, like: Element, turn: Turn) -> Element | None:
    if kind in _UNCONNECTED:
        return None
    if kind == "udp":
        local = made(like, "local", **_PEER)
        return made(like, "source", local, **_PEER)
    if kind == "hostdev":
        address = written.child("address") if written is not None else None
        if address is not None and address.attributes.get("type") == "usb":
            return usb_source(like, turn.ordinal, type="usb")
        return pci_source(like, turn.ordinal)
    if kind in _SOURCES:
        return made(like, "source", **_SOURCES[kind])
    raise refused(turn.element, f"type {kind[:20]!a} is not one of QEMU's")


def unconnected_socket(like: Element) -> Element:
    """The source of a NIC that a daemon serves which is not there."""
    return made(like, "source", **_SOURCES["vhostuser"])


INTERFACE: Treatment = device(
    f"""
    : type
    mac: address type check
    model: type
    driver: queues rx_queue_size tx_queue_size txmode ioeventfd event_idx rss rss_hash_report
    driver: {VIRTIO}
    driver/host: csum gso tso4 tso6 ecn ufo mrg_rxbuf
    driver/guest: csum tso4 tso6 ecn ufo
    link: state
    mtu: size
    teaming: type persistent
    """,
    """
    : managed trustGuestRxFilters
    driver: name
    source:
    target:
    guest:
    script:
    downscript:
    ip:
    route:
    portForward:
    backend:
    backenddomain:
    filterref:
    bandwidth:
    vlan:
    virtualport:
    tune:
    coalesce:
    port:
    """,
    _interface,
)
