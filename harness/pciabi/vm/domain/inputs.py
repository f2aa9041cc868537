"""`<input>`: mice, tablets, keyboards, and input devices of the host's.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildInputCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, virtio
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import stated
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | virtio.DRIVER_OPTIONS
    | {"@type", "@bus", "@model", "source", "source@evdev"},
    {"source/**": "how the host's device is shared with the host"},
)
_PASSTHROUGH, _EVDEV, _TABLET = "passthrough", "evdev", "tablet"
_OF_VIRTIO: Mapping[str, str] = MappingProxyType(
    {
        "mouse": "virtio-mouse",
        "tablet": "virtio-tablet",
        "keyboard": "virtio-keyboard",
        _PASSTHROUGH: "virtio-input-host",
    }
)
_OF_USB: Mapping[str, str] = MappingProxyType(
    {"mouse": "usb-mouse", "tablet": "usb-tablet", "keyboard": "usb-kbd"}
)
_OF_THE_CHIPSET = "ps2"
_BUSES = dict.fromkeys(("virtio", "usb", _OF_THE_CHIPSET))


def options(domain: Domain) -> Iterator[Option]:
    """A `-device` for each input device on virtio or USB. Raises InputError."""
    for element in domain.each("input"):
        must_know(element, _VOCABULARY)
        kind = element.attributes.get("type", "")
        if kind == _EVDEV:
            # An object that hands on the host's keys: the guest's own keyboard has them.
            continue
        bus = element.attributes.get("bus") or _default_bus(kind)
        chosen(element, "bus", bus, _BUSES)
        if bus == "virtio":
            yield _virtio(domain, element, kind)
        elif bus == "usb":
            driver = chosen(element, "type", kind, _OF_USB)
            yield domain.device(
                stated(element, ("driver", driver), ("id", domain.alias(element))),
                addresses.off_pci(domain, element),
            )


def _default_bus(kind: str) -> str:
    """virDomainInputDefParseXML."""
    if kind == _PASSTHROUGH:
        return "virtio"
    return "usb" if kind == _TABLET else _OF_THE_CHIPSET


def _virtio(domain: Domain, element: Element, kind: str) -> Option:
    model = element.attributes.get("model", "virtio")
    chosen(element, "model", model, dict.fromkeys(virtio.MODELS))
    if kind != _PASSTHROUGH or domain.dialect.has(Trait.INPUTS_OF_ONE_MODEL):
        model = "virtio"
    source = element.child("source") if kind == _PASSTHROUGH else None
    return domain.device(
        virtio.driver(chosen(element, "type", kind, _OF_VIRTIO), element, element, model),
        virtio.options(domain, element),
        stated(element, ("id", domain.alias(element))),
        stated(source, ("evdev", source.attributes.get("evdev"))) if source is not None else (),
        addresses.pci(domain, element),
    )
