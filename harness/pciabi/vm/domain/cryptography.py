"""`<crypto>`.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildCryptoCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, virtio
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Form, option, stated

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | virtio.DRIVER_OPTIONS
    | {"@model", "@type", "backend", "backend@model", "backend@queues"},
)
_BACKENDS: Mapping[str, str] = MappingProxyType(
    {"builtin": "cryptodev-backend-builtin", "lkcf": "cryptodev-backend-lkcf"}
)
_TYPES = dict.fromkeys(("qemu",))


def options(domain: Domain) -> Iterator[Option]:
    """The backend and the `-device` of each. Raises InputError."""
    for crypto in domain.each("crypto"):
        must_know(crypto, _VOCABULARY)
        domain.must_know(Trait.CRYPTO, crypto)
        chosen(crypto, "type", crypto.attributes.get("type", "qemu"), _TYPES)
        alias = domain.alias(crypto)
        backend = crypto.child("backend") or crypto
        model = crypto.value("backend", "model") or ""
        kind = chosen(crypto, "backend model", model, _BACKENDS, backend)
        queues = number(backend, "queues") or None
        pairs = stated(backend, ("qom-type", kind), ("id", f"obj{alias}"), ("queues", queues))
        yield option("object", pairs, Form.KEY_VALUE, "qom-type")
        yield domain.device(
            virtio.driver("virtio-crypto", crypto, crypto, crypto.attributes.get("model", "")),
            virtio.options(domain, crypto),
            stated(crypto, ("cryptodev", f"obj{alias}"), ("id", alias)),
            addresses.pci(domain, crypto),
        )
