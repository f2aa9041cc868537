"""`<pstore>`: where a guest keeps what it says when it crashes.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildPstoreCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.sizes import in_bytes
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Form, option, stated

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS | {"@backend", "size", "size@unit"}, {"path": "which file it is"}
)
_BACKENDS = {"acpi-erst": "acpi-erst"}


def options(domain: Domain) -> Iterator[Option]:
    """The memory and the `-device` of it. Raises InputError."""
    for store in domain.each("pstore"):
        must_know(store, _VOCABULARY)
        domain.must_know(Trait.PSTORE, store)
        driver = chosen(store, "backend", store.attributes.get("backend", ""), _BACKENDS)
        size = store.child("size")
        if size is None:
            raise InputError("<pstore> has no <size>", place=store.start)
        alias = domain.alias(store)
        memory = f"mem{alias}"
        pairs = stated(
            size,
            ("qom-type", "memory-backend-file"),
            ("id", memory),
            ("size", in_bytes(store, size, "KiB")),
        )
        yield option("object", pairs, Form.KEY_VALUE, "qom-type")
        yield domain.device(
            stated(store, ("driver", driver), ("id", alias), ("memdev", memory)),
            addresses.pci(domain, store),
        )
