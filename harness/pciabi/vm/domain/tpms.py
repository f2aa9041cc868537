"""`<tpm>`: no PCI device, but ACPI has a table of it.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildTPMCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Form, option, stated

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS | {"@model", "backend", "backend@type"},
    {"backend/**": "where the TPM is that it speaks to, which stands in for nothing"},
)
_BACKENDS: Mapping[str, str] = MappingProxyType(
    {"passthrough": "passthrough", "emulator": "emulator", "external": "emulator"}
)
_MODELS = dict.fromkeys(("tpm-tis", "tpm-crb"))


def options(domain: Domain) -> Iterator[Option]:
    """A `-tpmdev` and a `-device` for each. Raises InputError."""
    for tpm in domain.each("tpm"):
        must_know(tpm, _VOCABULARY)
        model = tpm.attributes.get("model", "tpm-tis")
        chosen(tpm, "model", model, _MODELS)
        backend = tpm.value("backend", "type") or ""
        kind = chosen(tpm, "backend type", backend, _BACKENDS, tpm.child("backend"))
        alias = domain.alias(tpm)
        name = f"tpm-{alias}"
        yield option("tpmdev", stated(tpm, ("type", kind), ("id", name)), Form.KEY_VALUE, "type")
        yield domain.device(stated(tpm, ("driver", model), ("tpmdev", name), ("id", alias)))
