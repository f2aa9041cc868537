"""`<hub>`, `<redirdev>` and `<smartcard>`: devices on USB, which PCI does not show, but which a
QEMU may lack.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildHubCommandLine, qemuBuildRedirdevCommandLine,
qemuBuildSmartcardCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, boot_order, characters
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import stated
from pciabi.vm.libvirt_devices import own_address
from pciabi.vm.xml_tree import Element

_HUB = Vocabulary(addresses.PCI_WORDS | {"@type"})
_REDIRECTION = Vocabulary(
    addresses.PCI_WORDS | boot_order.WORDS | {"@type", "@bus"}, characters.HARMLESS
)
_CARD_BACKENDS: Mapping[str, str | None] = MappingProxyType(
    {"host": "nss-emulated", "host-certificates": "certificates", "passthrough": None}
)
_SMART_CARD = Vocabulary(
    addresses.PCI_WORDS | {"@mode", "@type"},
    {
        **characters.HARMLESS,
        "certificate": "which card it is",
        "database": "which card it is",
    },
)


def hubs(domain: Domain) -> Iterator[Option]:
    """A `-device` for each hub. Raises InputError."""
    for hub in domain.each("hub"):
        must_know(hub, _HUB)
        yield domain.device(
            stated(hub, ("driver", "usb-hub"), ("id", domain.alias(hub))),
            addresses.off_pci(domain, hub),
        )


def redirections(domain: Domain) -> Iterator[Option]:
    """A `-chardev` and a `-device` for each redirected device. Raises InputError."""
    for redirection in domain.each("redirdev"):
        must_know(redirection, _REDIRECTION)
        alias = domain.alias(redirection)
        yield characters.backend(redirection, alias)
        yield domain.device(
            stated(
                redirection, ("driver", "usb-redir"), ("chardev", f"char{alias}"), ("id", alias)
            ),
            domain.boot_index(redirection),
            addresses.off_pci(domain, redirection),
        )


def smart_cards(domain: Domain) -> Iterator[Option]:
    """A `-device` for the first card, which is the only one that libvirt writes.

    Raises InputError.
    """
    cards = list(domain.each("smartcard"))
    for card in cards:
        must_know(card, _SMART_CARD)
    for card in cards[:1]:
        yield from _smart_card(domain, card)


def _smart_card(domain: Domain, card: Element) -> Iterator[Option]:
    alias = domain.alias(card)
    mode = card.attributes.get("mode", "")
    backend = chosen(card, "mode", mode, _CARD_BACKENDS)
    if backend is None:
        yield characters.backend(card, alias)
    address = own_address(card)
    controller = domain.controller("ccid", number(address, "controller") if address else 0, card)
    driver = "ccid-card-passthru" if backend is None else "ccid-card-emulated"
    yield domain.device(
        stated(
            card,
            ("driver", driver),
            ("backend", backend),
            ("chardev", f"char{alias}" if backend is None else None),
            ("id", alias),
            ("bus", f"{domain.alias(controller)}.0"),
        )
    )
