"""What a change of what firmware measures means for a VM with a TPM, and for one without."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pciabi.abi.change import Harm
from pciabi.abi.compare import compare
from pciabi.abi.facts import rom_content, smbios
from pciabi.abi.facts.smbios import Smbios
from pciabi.abi.judgement import Severity
from pciabi.abi.measured_boot import has_tpm
from pciabi.abi.snapshot import Snapshot, Substitution
from pciabi.pci.facts import Facts
from pciabi.pci.function import ROM
from pciabi.qemu.inert.hardware import inert
from pciabi.smbios.entry_point import EntryPoint
from pciabi.smbios.named_fields import NamedField
from pciabi.vm import reading
from tests.unit.strategies import recorded

VM = recorded("qemu-7.2_pc-two-nics")
LEFT_OUT = Substitution("-device tpm-crb", "left out", None, ("ACPI tables",))


def vm(version: str, digest: str, rom_size: int) -> Snapshot:
    """A VM with a machine type in SMBIOS and a ROM on its last function, with a TPM."""
    texts = (NamedField("System Information", "Version", version),)
    *others, nic = VM.functions
    facts = nic.facts.having(rom_content.KEY, digest).having(ROM, rom_size)
    return replace(
        VM,
        functions=(*others, nic.having(facts)),
        facts=Facts().having(smbios.KEY, Smbios(EntryPoint("_SM_", 2, 8), texts, ())),
        substitutions=(LEFT_OUT,),
    )


BEFORE, AFTER = vm("old", "aa", 1 << 18), vm("new", "bb", 1 << 19)


def notes(before: Snapshot, after: Snapshot) -> list[tuple[str, Severity, str]]:
    """The kinds of change that have a note, and the words that it begins with."""
    return [
        (str(change.kind), change.severity, one.message.partition(",")[0])
        for change in compare(before, after).changes
        for one in change.consequences
        if one.harm is Harm.MEASURED_BOOT
    ]


def test_what_firmware_measures_has_a_note_and_its_severity_as_ever() -> None:
    assert notes(BEFORE, AFTER) == [
        ("smbios", Severity.NOTABLE, "firmware measures the SMBIOS tables into PCR 1"),
        ("rom", Severity.BREAKING, "firmware measures option ROMs into PCR 2"),
        ("rom-content", Severity.BENIGN, "firmware measures option ROMs into PCR 2"),
    ]
    moved = replace(AFTER, functions=BEFORE.functions[:-1], facts=BEFORE.facts)
    assert notes(BEFORE, moved) == []


def test_without_a_tpm_nothing_is_said() -> None:
    assert notes(replace(BEFORE, substitutions=()), AFTER) == []


@pytest.mark.parametrize(
    ("words", "has_one"),
    [
        ("-device tpm-tis,tpmdev=t", True),
        ("-device driver=tpm-crb,tpmdev=t", True),
        ('-device {"driver":"tpm-crb","tpmdev":"t","id":"tpm0"}', True),
        ("-device e1000,id=tpm-nic -smbios type=1,version=tpm-2", False),
    ],
)
def test_a_tpm_is_known_by_its_device(words: str, has_one: bool) -> None:
    """Whether it was started with the VM, or left out of an inert command line."""
    arguments = tuple(words.split(" "))
    started = replace(VM.provenance, command_line=arguments)
    assert has_tpm(replace(VM, substitutions=(), provenance=started)) is has_one
    made = inert(reading.read_argv(("-tpmdev", "passthrough,id=t", *arguments)))
    assert has_tpm(replace(VM, substitutions=made.substitutions)) is has_one
