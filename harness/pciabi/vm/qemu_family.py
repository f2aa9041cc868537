"""Which family of machine a QEMU command line starts, as far as its text tells."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.vm import machine_family
from pciabi.vm.command_line.option import Option, QemuCommandLine
from pciabi.vm.command_line.parameters import ON, Parameters, open_flag, parameters
from pciabi.vm.command_line.program import is_foreign, is_x86, may_be_foreign
from pciabi.vm.pci_vm import Family


def machine_options(line: QemuCommandLine) -> Iterator[tuple[Option, Parameters]]:
    """Every `-machine` with what it says. QEMU merges them, and of several types takes the last."""
    for option in line.named("machine"):
        if option.value is not None:
            yield option, parameters(option.value, "type")


def machine_name(line: QemuCommandLine) -> str | None:
    """The machine type as it is written, None where none is."""
    named = [given.get("type") for _, given in machine_options(line)]
    return next((name for name in reversed(named) if name is not None), None)


def says(line: QemuCommandLine, name: str) -> bool:
    """Whether the last `-machine` to speak of a switch puts it on."""
    said = [given.get(name) for _, given in machine_options(line)]
    return next((value in ON for value in reversed(said) if value is not None), False)


def family(line: QemuCommandLine) -> Family:
    """The family, `UNKNOWN` where the text leaves it open."""
    if line.program is not None and is_foreign(line.program):
        return Family.OTHER
    found = {_family_of(line, name) for name in _names(line)}
    if len(found) == 1:
        (only,) = found
        return _as_microvm(line) if only is Family.OTHER else only
    return Family.UNKNOWN


def _family_of(line: QemuCommandLine, name: str | None) -> Family:
    if line.program is not None and is_x86(line.program):
        return machine_family.family_on_x86(name)
    if name is None and line.program is not None and may_be_foreign(line.program):
        return Family.UNKNOWN
    return machine_family.family(name)


def _as_microvm(line: QemuCommandLine) -> Family:
    has_pci = machine_name(line) == "microvm" and says(line, "pcie")
    return Family.UNKNOWN if has_pci else Family.OTHER


def _names(line: QemuCommandLine) -> set[str | None]:
    """Every machine type that may be the last one: some stand in a branch, or in a variable."""
    found: set[str | None] = {None}
    if line.is_part or line.open_options:
        found.add("")
    for option, given in machine_options(line):
        name = given.get("type")
        if name is not None:
            found = {*found, name} if option.condition is not None else {name}
        elif open_flag(given) is not None:
            found.add("")
    return found
