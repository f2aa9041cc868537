"""What can be said of a VM whose machine type its text leaves open: what holds on every family.

The VM was read once as each family would make it. A finding that all readings share is certain.
One that only some have depends on the machine type: whether it holds is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pciabi.lint.finding import Finding, Severity, Trouble
from pciabi.lint.rule import Group, finding_of, matching
from pciabi.lint.rules import unknown_address
from pciabi.vm.pci_vm import PciVm

_Key = tuple[object, ...]


def combined(
    vm: PciVm, readings: Sequence[Sequence[Finding]], unknown: Severity | None
) -> Iterator[Finding]:
    """The findings of all readings; `unknown` is the severity of what depends on the machine
    type, None where nobody asks for it."""
    indexed = [{_key(finding): finding for finding in reading} for reading in readings]
    for key in dict.fromkeys(key for index in indexed for key in index):
        found = {
            str(reading.family): index[key]
            for reading, index in zip(vm.readings, indexed, strict=True)
            if key in index
        }
        if len(found) == len(readings):
            yield _certain(found)
        elif unknown is not None:
            yield from _uncertain(vm, found, unknown)


def _key(finding: Finding) -> _Key:
    return finding.code, finding.span, finding.device


def _certain(found: Mapping[str, Finding]) -> Finding:
    first = next(iter(found.values()))
    messages = {family: finding.message for family, finding in found.items()}
    if len(set(messages.values())) == 1:
        return first
    words = "; ".join(f"on {family} {message}" for family, message in messages.items())
    return replace(first, message=words)


def _uncertain(vm: PciVm, found: Mapping[str, Finding], severity: Severity) -> Iterator[Finding]:
    families = " and ".join(found)
    first = next(iter(found.values()))
    (loaded,) = matching(first.code)
    if loaded.rule.group is not Group.ADDRESS:
        return
    machine = f"the machine type, {vm.machine}," if vm.machine else "the machine type"
    yield finding_of(
        vm.name,
        unknown_address.RULE,
        severity,
        Trouble(
            first.span,
            first.device,
            f"{machine} tells nothing of its chipset, and on {families} {first.message} "
            f"({first.code})",
            "write the machine type itself, such as pc-q35-9.2",
        ),
    )
