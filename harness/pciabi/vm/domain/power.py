"""Power management: whether there is ACPI at all, and which states of sleep.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildPMCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import switch
from pciabi.vm.domain.vocabulary import Vocabulary, must_know
from pciabi.vm.domain.words import Form, flag, option, stated
from pciabi.vm.pci_vm import Family

_VOCABULARY = Vocabulary(
    frozenset({"suspend-to-mem", "suspend-to-disk"})
    | {"suspend-to-mem@enabled", "suspend-to-disk@enabled"}
)
_STATES = {"suspend-to-mem": "disable_s3", "suspend-to-disk": "disable_s4"}


def options(domain: Domain) -> Iterator[Option]:
    """`-no-acpi`, where `-machine` does not say it, and what the chipset is told. Raises
    InputError."""
    features = domain.root.merged("features")
    has_acpi = features is not None and features.child("acpi") is not None
    if not has_acpi and not domain.dialect.has(Trait.ACPI_OF_MACHINE):
        yield flag("no-acpi", (features or domain.root).start)
    management = domain.root.merged("pm")
    if management is None:
        return
    must_know(management, _VOCABULARY)
    chipset = "ICH9-LPC" if domain.family is Family.Q35 else "PIIX4_PM"
    for name, property_ in _STATES.items():
        state = management.child(name)
        enabled = switch(state, "enabled")
        if state is not None and enabled is not None:
            pair = stated(state, (f"{chipset}.{property_}", int(not enabled)))
            yield option("global", pair, Form.KEY_VALUE)
