"""What a change does to keys that a VM's TPM keeps sealed: information, which breaks nothing.

Firmware measures what it finds into the TPM's platform configuration registers (PCRs), and a key
that is sealed to some of them is given out only while they are as they were. Sources: TCG, PC
Client Platform Firmware Profile 1.06, 3.3.4 (what each PCR is for); SeaBIOS, src/tcgbios.c; edk2,
OvmfPkg/AcpiPlatformDxe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from pciabi.abi.change import Change, Consequence, Harm, Outcome
from pciabi.abi.facts import rom, rom_content, smbios
from pciabi.abi.kind import Kind
from pciabi.abi.snapshot import Snapshot

_PROFILE = "TCG, PC Client Platform Firmware Profile 1.06, 3.3.4"


@dataclass(frozen=True)
class _Measured:
    """What firmware measures, and into which PCR."""

    what: str
    pcr: int


_ROMS = _Measured("option ROMs", 2)
_ACPI = _Measured("the ACPI tables", 1)
_BY_KIND: Mapping[Kind, _Measured] = MappingProxyType(
    {
        rom.CHANGED: _ROMS,
        rom_content.CHANGED: _ROMS,
        smbios.CHANGED: _Measured("the SMBIOS tables", 1),
    }
)
# Whatever differs of the tables, they are measured as a whole.
_ACPI_KINDS = "acpi"

# `-device tpm-tis,…` in a substitution, `tpm-tis,…` or `{"driver": "tpm-tis", …}` in arguments.
_TPM = re.compile(r"""(?:-device |\A|"driver"\s*:\s*")(?:driver=)?tpm-""")


def with_notes(changes: Iterable[Change], before: Snapshot) -> Iterator[Change]:
    """The changes, those that a VM with a TPM measures with a note on its keys; the VM of
    `before` is the one that may have sealed some."""
    sealed = has_tpm(before)
    for change in changes:
        note = _note(change) if sealed else None
        yield change if note is None else replace(change, consequences=(*change.consequences, note))


def has_tpm(snapshot: Snapshot) -> bool:
    """Whether the VM has a TPM: one that was left out, for there is no inert one, or one that
    QEMU was started with."""
    left_out = (one.option for one in snapshot.substitutions)
    return any(map(_TPM.search, (*left_out, *snapshot.provenance.command_line)))


def _note(change: Change) -> Consequence | None:
    measured = _BY_KIND.get(change.kind)
    if measured is None and change.kind.startswith(_ACPI_KINDS):
        measured = _ACPI
    if measured is None:
        return None
    message = (
        f"firmware measures {measured.what} into PCR {measured.pcr}, which changes: keys sealed to "
        "it (BitLocker, LUKS) may ask for recovery"
    )
    return Consequence(Harm.MEASURED_BOOT, Outcome.CHANGED, message, _PROFILE)
