"""`<panic>` and `vmcoreinfo`: how a guest tells that it has crashed.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildPanicCommandLine and
qemuBuildVMCoreInfoCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import stated
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(addresses.PCI_WORDS | {"@model"})


def options(domain: Domain) -> Iterator[Option]:
    """A `-device` for each, but for Hyper-V's, which is the processor's. Raises InputError."""
    for panic in domain.each("panic"):
        must_know(panic, _VOCABULARY)
        model = panic.attributes.get("model", "isa")
        writers = {"isa": _isa, "pvpanic": _pci, "hyperv": _nothing}
        yield from chosen(panic, "model", model, writers)(domain, panic)


def core_information(domain: Domain) -> Iterator[Option]:
    """The device by which a guest describes its memory to who dumps it. Raises InputError."""
    features = domain.root.merged("features")
    wanted = features.child("vmcoreinfo") if features is not None else None
    if wanted is not None and switch(wanted, "state") is not False:
        yield domain.device(stated(wanted, ("driver", "vmcoreinfo")))


def _isa(domain: Domain, panic: Element) -> Iterator[Option]:
    address = panic.child("address")
    port = number(address, "iobase") if address is not None else 0
    yield domain.device(
        stated(panic, ("driver", "pvpanic")), stated(address or panic, ("ioport", port or None))
    )


def _pci(domain: Domain, panic: Element) -> Iterator[Option]:
    # libvirt gives it no id.
    domain.must_know(Trait.PVPANIC_PCI, panic, "model='pvpanic'")
    yield domain.device(stated(panic, ("driver", "pvpanic-pci")), addresses.pci(domain, panic))


def _nothing(_domain: Domain, _panic: Element) -> Iterator[Option]:
    yield from ()
