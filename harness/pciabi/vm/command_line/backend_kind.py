"""What kind a network backend is: all of its option that decides what a NIC offers beside it.

Source: QEMU, net/tap.c (net_init_tap, net_init_bridge: a bridge's helper hands over a tap),
qapi/net.json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pciabi.vm.command_line.parameters import OFF, ON

DECISIVE = (*("type", "vhost", "vhostforce", "vhostfd", "vhostfds", "fds", "queues", "vnet_hdr"),)
"""The parameters that count. Others name something of the host's."""

_SAME = {"bridge": "tap"}


def described(option: str, told: Mapping[str, str]) -> str:
    """The kind in one form, whatever the user's words: `-netdev tap,vhost=on,queues=2`."""
    kind = told.get("type", "")
    return ",".join((f"{option} {_SAME.get(kind, kind)}", *_words(told)))


def queue_pairs(told: Mapping[str, str]) -> int:
    """How many pairs of queues; 0 where that is not a number."""
    descriptors = told.get("fds") or told.get("vhostfds")
    if descriptors:
        return descriptors.count(":") + 1
    queues = told.get("queues", "1")
    return int(queues) if queues.isdecimal() else 0


def offers_offloads(told: Mapping[str, str]) -> bool:
    """Whether a NIC beside it offers more than beside user mode networking: a tap without the
    header that carries them has none (measured), unless the kernel serves the NIC itself."""
    return told.get("vnet_hdr") not in OFF or has_vhost(told)


def _words(told: Mapping[str, str]) -> Iterator[str]:
    if has_vhost(told):
        yield "vhost=on"
    pairs = queue_pairs(told)
    if pairs != 1:
        yield f"queues={pairs or told.get('queues')}"
    if told.get("vnet_hdr") in OFF:
        yield "vnet_hdr=off"


def has_vhost(told: Mapping[str, str]) -> bool:
    """`vhost=` where it is given; else a descriptor of it, or `vhostforce`, means it."""
    if "vhost" in told:
        return told["vhost"] in ON
    return bool({"vhostfd", "vhostfds"} & told.keys()) or told.get("vhostforce") in ON
