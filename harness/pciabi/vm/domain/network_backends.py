"""`-netdev` for what is behind an interface: of which kind it is, as far as a NIC shows it.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildHostNetProps; src/qemu/qemu_interface.c,
qemuInterfaceOpenVhostNet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import characters
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.vocabulary import chosen
from pciabi.vm.domain.words import Form, Value, option, stated
from pciabi.vm.xml_tree import Element

_TAP, _VHOST_USER, _VDPA, _USER = "tap", "vhost-user", "vhost-vdpa", "user"
# What a network of libvirt's is made of is not in the domain: a tap, unless it hands out host
# devices.
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("network", "bridge", "direct", "ethernet"), _TAP),
        **dict.fromkeys(("server", "client", "mcast", "udp"), "socket"),
        **dict.fromkeys(("user", "internal"), _USER),
        "vhostuser": _VHOST_USER,
        "vdpa": _VDPA,
    }
)
_PASST = "passt"


def backend_id(alias: str) -> str:
    """The id of the `-netdev` of a NIC."""
    return f"host{alias}"


def backend(domain: Domain, interface: Element, *, is_virtio: bool) -> Iterator[Option]:
    """The `-netdev` of an interface, with the `-chardev` that it is on. Raises InputError."""
    alias = domain.alias(interface)
    kind = chosen(interface, "type", interface.attributes.get("type", ""), _KINDS)
    driver = interface.child("driver")
    queues = number(driver, "queues") if driver is not None else 0
    pairs: list[tuple[str, Value | None]] = [("id", backend_id(alias))]
    if kind == _VHOST_USER:
        yield characters.named(interface, "socket", f"char{alias}")
        pairs.append(("chardev", f"char{alias}"))
    elif kind == _USER and interface.value("backend", "type") == _PASST:
        # libvirt connects to the daemon, which serves packets as `socket` does.
        kind = "stream"
    if kind == _TAP and is_virtio and _opens_vhost(domain, interface):
        pairs.append(("vhost", True))
    if kind in (_TAP, _VHOST_USER, _VDPA) and queues > 1:
        pairs.append(("queues", queues))
    yield option("netdev", stated(interface, ("type", kind), *pairs), Form.KEY_VALUE, "type")


def _opens_vhost(domain: Domain, interface: Element) -> bool:
    """Whether libvirt asks for the kernel's own virtio-net, which it does wherever it is there.

    Where a host has none, and the domain does not insist, it goes without: what of the NIC's
    features the kernel decides is not known either way.
    """
    is_kvm = domain.root.attributes.get("type") == "kvm"
    return is_kvm and interface.value("driver", "name") != "qemu"
