"""`<vsock>`.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildVsockDevProps.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, virtio
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.vocabulary import Vocabulary, must_know
from pciabi.vm.domain.words import stated
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS | virtio.DRIVER_OPTIONS | {"@model", "cid", "cid@auto", "cid@address"},
)
_FIRST_OF_A_GUEST = 3


def options(domain: Domain) -> Iterator[Option]:
    """A `-device` for a socket to the host. Raises InputError."""
    for vsock in domain.each("vsock"):
        must_know(vsock, _VOCABULARY)
        model = vsock.attributes.get("model", "virtio")
        if model == "default":
            model = "virtio"
        yield domain.device(
            virtio.driver("vhost-vsock", vsock, vsock, model),
            virtio.options(domain, vsock),
            stated(vsock, ("id", domain.alias(vsock))),
            stated(vsock.child("cid") or vsock, ("guest-cid", _guest(vsock))),
            addresses.pci(domain, vsock),
        )


def _guest(vsock: Element) -> int:
    """The number that the guest has; one that is free on the host, where libvirt chooses it."""
    cid = vsock.child("cid")
    return (number(cid, "address") if cid is not None else 0) or _FIRST_OF_A_GUEST
