"""`<interface>`: NICs and what is behind them."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.vocabulary import Vocabulary, must_know
from pciabi.vm.domain.words import Form, option, stated
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(
    frozenset({"@type", "mac", "mac@address", "model", "model@type", "address", "address/**"}),
    {"link/**": "whether the cable is plugged is the link's state, and no register of PCI's"},
)
_DRIVERS = {"virtio": "virtio-net-pci", "e1000": "e1000", "e1000e": "e1000e"}


def options(domain: Domain) -> Iterator[Option]:
    """A `-netdev` and a `-device` for each interface. Raises InputError."""
    for interface in domain.each("interface"):
        must_know(interface, _VOCABULARY)
        yield from _interface(domain, interface)


def _interface(domain: Domain, interface: Element) -> Iterator[Option]:
    if interface.attributes.get("type") != "user":
        raise InputError("<interface> of that type is not known", place=interface.start)
    driver = _DRIVERS.get(interface.value("model", "type") or "")
    if driver is None:
        raise InputError("<interface>: its model is not known", place=interface.start)
    alias = domain.alias(interface)
    backend = f"host{alias}"
    yield option(
        "netdev", stated(interface, ("type", "user"), ("id", backend)), Form.KEY_VALUE, "type"
    )
    mac = interface.child("mac") or interface
    properties = (
        *stated(interface, ("driver", driver), ("netdev", backend), ("id", alias)),
        *stated(mac, ("mac", interface.value("mac", "address"))),
        *addresses.pci(domain, interface),
    )
    yield option("device", properties, domain.device_form, "driver")
