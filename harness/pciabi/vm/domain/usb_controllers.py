"""`<controller type='usb'>`, with its companions.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildUSBControllerDevProps and
qemuBuildLegacyUSBControllerCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Property, stated
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS | {"@type", "@index", "@model", "@ports", "master", "master@startport"}
)
NONE = "none"
"""The model of a domain that wants no USB."""
# As long as QEMU has it: qemuDomainControllerDefPostParse.
_DEFAULT = "piix3-uhci"
_DRIVERS: Mapping[str, str] = MappingProxyType(
    {
        "piix3-uhci": "piix3-usb-uhci",
        "piix4-uhci": "piix4-usb-uhci",
        "ehci": "usb-ehci",
        "ich9-ehci1": "ich9-usb-ehci1",
        "ich9-uhci1": "ich9-usb-uhci1",
        "ich9-uhci2": "ich9-usb-uhci2",
        "ich9-uhci3": "ich9-usb-uhci3",
        "vt82c686b-uhci": "vt82c686b-usb-uhci",
        "pci-ohci": "pci-ohci",
        "nec-xhci": "nec-usb-xhci",
        "qemu-xhci": "qemu-xhci",
    }
)


def options(domain: Domain, controller: Element) -> Iterator[Option]:
    """The `-device` of a controller. Raises InputError."""
    must_know(controller, _VOCABULARY)
    model = controller.attributes.get("model")
    if model is None and not domain.dialect.has(Trait.NEW_USB_DEFAULT):
        model = _DEFAULT
    if model is None:
        raise InputError(
            "<controller type='usb'> has no model: libvirt would choose one that its QEMU has",
            advice="give the XML that `virsh dumpxml` shows once the domain is defined",
            place=controller.start,
        )
    if model == NONE:
        return
    ports = number(controller, "ports") if "ports" in controller.attributes else None
    yield domain.device(
        stated(controller, ("driver", chosen(controller, "model", model, _DRIVERS))),
        stated(controller, ("p2", ports), ("p3", ports)),
        _whose(domain, controller),
        addresses.pci(domain, controller),
    )


def _whose(domain: Domain, controller: Element) -> tuple[Property, ...]:
    """The id of a controller; of a companion, to which it belongs."""
    master = controller.child("master")
    if master is None:
        return stated(controller, ("id", domain.alias(controller)))
    index = number(controller, "index")
    for other in domain.each("controller"):
        is_usb = other.attributes.get("type") == "usb" and number(other, "index") == index
        if is_usb and other.child("master") is None:
            bus = f"{domain.alias(other)}.0"
            start = number(master, "startport")
            return stated(master, ("masterbus", bus), ("firstport", start))
    raise InputError("<controller>: it has a <master>, which is not there", place=master.start)
