"""`<watchdog>`.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildWatchdogCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import bare, stated
from pciabi.vm.pci_vm import Family

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS | {"@model"}, {"@action": "what happens once the guest hangs"}
)
_ITCO = "itco"
_IS_PCI: Mapping[str, bool] = MappingProxyType({"i6300esb": True, "ib700": False, _ITCO: False})


def options(domain: Domain) -> Iterator[Option]:
    """A `-device` for each watchdog that the chipset does not have, and what has the chipset's
    heeded. Raises InputError."""
    straps = []
    for watchdog in domain.each("watchdog"):
        must_know(watchdog, _VOCABULARY)
        model = watchdog.attributes.get("model", "")
        is_pci = chosen(watchdog, "model", model, _IS_PCI)
        if model != _ITCO:
            yield domain.device(
                stated(watchdog, ("driver", model), ("id", domain.alias(watchdog))),
                (addresses.pci if is_pci else addresses.off_pci)(domain, watchdog),
            )
        else:
            domain.must_know(Trait.ITCO_STRAP, watchdog, f"model='{model}'")
            straps.append(watchdog)
    # libvirt adds the one of Q35 where it is not written.
    if not straps and domain.family is Family.Q35 and domain.dialect.has(Trait.ITCO_STRAP):
        straps.append(domain.root)
    for strap in straps[:1]:
        yield bare("global", "ICH9-LPC.noreboot=off", strap.start)
