"""`<hub>`, `<redirdev>` and `<smartcard>`: devices on USB, which PCI does not show.

They are written where QEMU can have them without the host, for it may lack them.
Source: libvirt, src/qemu/qemu_command.c, qemuBuildHubCommandLine, qemuBuildRedirdevCommandLine,
qemuBuildSmartcardCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, boot_order, characters
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.vocabulary import Vocabulary, must_know
from pciabi.vm.domain.words import stated

_HUB = Vocabulary(addresses.PCI_WORDS | {"@type"})
_REDIRECTION = Vocabulary(
    addresses.PCI_WORDS | boot_order.WORDS | {"@type", "@bus"}, characters.HARMLESS
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
    """Nothing: a card is the host's, and its reader is a controller on USB. Raises InputError."""
    for card in domain.each("smartcard"):
        must_know(card, _SMART_CARD)
    yield from ()
