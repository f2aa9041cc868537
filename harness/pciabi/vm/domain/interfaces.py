"""`<interface>`: NICs and what is behind them.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildNicDevProps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, boot_order, network_backends, virtio
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, missing, must_know
from pciabi.vm.domain.words import Property, Value, stated
from pciabi.vm.xml_tree import Element

HOSTDEV = "hostdev"
"""The type of an interface that is a PCI device of the host's: `hostdevs` writes it."""

_OFFLOADS = frozenset({"csum", "gso", "tso4", "tso6", "ecn", "ufo", "mrg_rxbuf"})
_HOSTS_OFFLOADS: Mapping[str, str] = MappingProxyType(
    {
        "csum": "csum",
        "gso": "gso",
        "tso4": "host_tso4",
        "tso6": "host_tso6",
        "ecn": "host_ecn",
        "ufo": "host_ufo",
        "mrg_rxbuf": "mrg_rxbuf",
    }
)
_GUESTS_OFFLOADS: Mapping[str, str] = MappingProxyType(
    {name: f"guest_{name}" for name in ("csum", "tso4", "tso6", "ecn", "ufo")}
)
_TRANSMITS: Mapping[str, str] = MappingProxyType({"iothread": "bh", "timer": "timer"})
_MODELS = frozenset(
    {"e1000", "e1000e", "igb", "rtl8139", "ne2k_pci", "pcnet", "vmxnet3", "usb-net"}
    | {"e1000-82540em", "e1000-82544gc", "e1000-82545em", "ne2k_isa"}
    | {"i82550", "i82551", "i82557a", "i82557b", "i82557c", "i82558a", "i82558b", "i82559a"}
    | {"i82559b", "i82559c", "i82559er", "i82562", "i82801"}
)
_OFF_PCI = frozenset({"usb-net", "ne2k_isa"})
_HARMLESS_PARTS = {
    "link/**": "whether the cable is plugged is the link's state, and no register of PCI's",
    "source/**": "what the NIC is connected to",
    "target/**": "what the host calls its end",
    "guest/**": "what a container's guest calls its end",
    "script/**": "is run on the host",
    "downscript/**": "is run on the host",
    "backend/**": "who serves it on the host; its kind is looked at",
    "bandwidth/**": "limits traffic",
    "tune/**": "limits what the host's end buffers",
    "filterref/**": "filters traffic",
    "virtualport/**": "is between the host and its switch",
    "vlan/**": "is between the host and its switch",
    "port/**": "is between the host and its switch",
    "portForward/**": "connections from outside",
    "ip/**": "addresses that the network hands out",
    "route/**": "what the network hands out",
    "coalesce/**": "how the host's end gathers packets",
    "backenddomain/**": "Xen has it",
    "mac@type": "how the MAC was made",
    "mac@check": "about VMware's MACs",
    "mac@currentAddress": "what a guest has made of it",
    "mac@ouiCheck": "about VMware's MACs",
    "driver@model": "which driver of the host's serves a device of the host's",
    "driver@iommufd": "how the host's IOMMU is spoken to",
    "@managed": "whether libvirt hands the host device over",
    "@trustGuestRxFilters": "whether the host heeds the guest's filters",
    "@connectionType": "about VMware's networks",
}
_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | addresses.ROM_WORDS
    | boot_order.WORDS
    | virtio.DRIVER_OPTIONS
    | {"@type", "mac", "mac@address", "model", "model@type", "mtu", "mtu@size"}
    | {"driver@name", "driver@txmode", "driver@ioeventfd", "driver@event_idx", "driver@queues"}
    | {"driver@rx_queue_size", "driver@tx_queue_size", "driver@rss", "driver@rss_hash_report"}
    | {"driver/host", "driver/guest", *(f"driver/host@{name}" for name in _OFFLOADS)}
    | {f"driver/guest@{name}" for name in _GUESTS_OFFLOADS}
    | {"teaming", "teaming@type", "teaming@persistent", "backend@type"},
    {**_HARMLESS_PARTS, "backend": "its kind is looked at"},
)


def options(domain: Domain) -> Iterator[Option]:
    """A `-netdev` and a `-device` for each interface that is no device of the host's.

    Raises InputError.
    """
    for interface in domain.each("interface"):
        must_know(interface, _VOCABULARY)
        if interface.attributes.get("type") != HOSTDEV:
            yield from _interface(domain, interface)


def _interface(domain: Domain, interface: Element) -> Iterator[Option]:
    model = interface.value("model", "type")
    if model is None:
        raise missing(interface, "has no model: libvirt would choose one that its QEMU has")
    is_virtio = model in virtio.MODELS
    place = interface.child("model") or interface
    if not is_virtio:
        chosen(interface, "model type", model, dict.fromkeys(_MODELS), place)
    yield from network_backends.backend(domain, interface, is_virtio=is_virtio)
    alias = domain.alias(interface)
    mac = interface.child("mac") or interface
    yield domain.device(
        virtio.driver("virtio-net", interface, place, model)
        if is_virtio
        else stated(place, ("driver", model)),
        _of_virtio(domain, interface) if is_virtio else (),
        stated(interface, ("netdev", network_backends.backend_id(alias)), ("id", alias)),
        stated(mac, ("mac", interface.value("mac", "address"))),
        domain.boot_index(interface),
        (addresses.off_pci if model in _OFF_PCI else addresses.pci)(domain, interface),
        addresses.rom(interface),
    )


def _of_virtio(domain: Domain, interface: Element) -> tuple[Property, ...]:
    """What of a virtio NIC is stated. Raises InputError."""
    mtu = interface.child("mtu")
    teaming = interface.child("teaming")
    is_pair = teaming is not None and teaming.attributes.get("type") == "persistent"
    return (
        *virtio.options(domain, interface),
        *_of_driver(domain, interface),
        *(stated(mtu, ("host_mtu", number(mtu, "size") or None)) if mtu is not None else ()),
        *(stated(teaming, ("failover", True)) if teaming is not None and is_pair else ()),
    )


def _of_driver(domain: Domain, interface: Element) -> tuple[Property, ...]:
    driver = interface.child("driver")
    if driver is None:
        return ()
    mode = driver.attributes.get("txmode")
    transmit = (
        chosen(interface, "driver txmode", mode, _TRANSMITS, driver) if mode is not None else None
    )
    queues = number(driver, "queues")
    has_rss = domain.dialect.has(Trait.RSS)
    return (
        *stated(
            driver,
            ("tx", transmit),
            ("ioeventfd", switch(driver, "ioeventfd")),
            ("event_idx", switch(driver, "event_idx")),
        ),
        *_offloads(driver, "host", _HOSTS_OFFLOADS),
        *_offloads(driver, "guest", _GUESTS_OFFLOADS),
        *stated(
            driver,
            # One for each queue, one for the control queue and one for the configuration.
            *(() if queues < _PAIR else (("mq", True), ("vectors", 2 * queues + 2))),
            ("rx_queue_size", number(driver, "rx_queue_size") or None),
            ("tx_queue_size", number(driver, "tx_queue_size") or None),
            ("rss", switch(driver, "rss") if has_rss else None),
            ("hash", switch(driver, "rss_hash_report") if has_rss else None),
        ),
    )


_PAIR = 2


def _offloads(driver: Element, side: str, names: Mapping[str, str]) -> tuple[Property, ...]:
    found = driver.child(side)
    if found is None:
        return ()
    pairs: list[tuple[str, Value | None]] = [(names[name], switch(found, name)) for name in names]
    return stated(found, *pairs)
