"""`<rng>`.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildRNGCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, characters, virtio
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Form, Property, option, stated
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | virtio.DRIVER_OPTIONS
    | {"@model", "rate", "rate@bytes", "rate@period", "backend", "backend@model"}
    | {"backend@type"},
    {"backend/**": "where the host has them from"},
)
_EGD = "rng-egd"
_BACKENDS: Mapping[str, str] = MappingProxyType(
    {"random": "rng-random", "egd": _EGD, "builtin": "rng-builtin"}
)
_PERIOD = 1000
"""Milliseconds, where a rate states none."""


def options(domain: Domain) -> Iterator[Option]:
    """The `-object` and the `-device` of each source of random numbers. Raises InputError."""
    for rng in domain.each("rng"):
        must_know(rng, _VOCABULARY)
        alias = domain.alias(rng)
        backend = rng.child("backend")
        model = rng.value("backend", "model") or ""
        kind = chosen(rng, "backend model", model, _BACKENDS, backend)
        source = f"obj{alias}"
        chardev = None
        if kind == _EGD and backend is not None:
            yield characters.backend(backend, alias)
            chardev = f"char{alias}"
        pairs = stated(backend or rng, ("qom-type", kind), ("id", source), ("chardev", chardev))
        yield option("object", pairs, Form.KEY_VALUE, "qom-type")
        yield domain.device(
            virtio.driver("virtio-rng", rng, rng, rng.attributes.get("model", "")),
            virtio.options(domain, rng),
            stated(rng, ("rng", source), ("id", alias)),
            _rate(rng),
            addresses.pci(domain, rng),
        )


def _rate(rng: Element) -> tuple[Property, ...]:
    rate = rng.child("rate")
    if rate is None or not number(rate, "bytes"):
        return ()
    period = number(rate, "period") or _PERIOD
    return stated(rate, ("max-bytes", number(rate, "bytes")), ("period", period))
