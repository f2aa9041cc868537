"""`<shmem>`: memory shared between guests.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildShmemCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, characters
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.sizes import in_bytes
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Form, Property, option, stated
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | {"@name", "@role", "model", "model@type", "size", "size@unit", "server"}
    | {"msi", "msi@vectors", "msi@enabled", "msi@ioeventfd"},
    {"server/**": "where the server listens"},
)
_PLAIN, _DOORBELL = "ivshmem-plain", "ivshmem-doorbell"
_ROLES = {"master": "on", "peer": "off"}
_MIB_4 = 4 << 20
"""What libvirt takes where no size is stated."""


def options(domain: Domain) -> Iterator[Option]:
    """The memory, or the server that hands it out, and the `-device`. Raises InputError."""
    for shmem in domain.each("shmem"):
        must_know(shmem, _VOCABULARY)
        model = shmem.value("model", "type")
        if model is None:
            raise InputError(
                "<shmem> has no model: libvirt's default is one that no QEMU has any more",
                advice=f"state <model type='{_PLAIN}'/> or <model type='{_DOORBELL}'/>",
                place=shmem.start,
            )
        writers = {_PLAIN: _plain, _DOORBELL: _doorbell}
        yield from chosen(shmem, "model type", model, writers, shmem.child("model"))(domain, shmem)


def _plain(domain: Domain, shmem: Element) -> Iterator[Option]:
    alias = domain.alias(shmem)
    size = shmem.child("size")
    memory = f"shmmem-{alias}"
    wanted = in_bytes(shmem, size, "MiB") if size is not None else _MIB_4
    pairs = stated(
        size or shmem, ("qom-type", "memory-backend-file"), ("id", memory), ("size", wanted)
    )
    yield option("object", pairs, Form.KEY_VALUE, "qom-type")
    role = shmem.attributes.get("role")
    master = chosen(shmem, "role", role, _ROLES) if role is not None else None
    yield domain.device(
        stated(shmem, ("driver", _PLAIN), ("id", alias), ("memdev", memory), ("master", master)),
        _interrupts(shmem),
        addresses.pci(domain, shmem),
    )


def _doorbell(domain: Domain, shmem: Element) -> Iterator[Option]:
    alias = domain.alias(shmem)
    chardev = f"char{alias}"
    yield domain.device(
        stated(shmem, ("driver", _DOORBELL), ("id", alias), ("chardev", chardev)),
        _interrupts(shmem),
        addresses.pci(domain, shmem),
    )
    yield characters.named(shmem, "socket", chardev)


def _interrupts(shmem: Element) -> tuple[Property, ...]:
    msi = shmem.child("msi")
    if msi is None:
        return ()
    return stated(
        msi,
        ("vectors", number(msi, "vectors") or None),
        ("ioeventfd", switch(msi, "ioeventfd")),
    )
