"""The CPU model depends on the host.

Nothing of PCI, but the same kind of surprise: the guest finds another CPU on another host, and
Windows may ask to be activated anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.lint.examples import domain
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm.pci_vm import PciVm

RULE = Rule(
    code="PCI205",
    name="host-dependent-cpu",
    summary="the CPU model depends on the host",
    severity=Severity.WARNING,
    group=Group.OTHER,
    settled_at_define=False,
    source="libvirt, formatdomain: CPU model and topology",
    bad=domain(head="  <cpu mode='host-passthrough'/>\n"),
    good=domain(head="  <cpu mode='custom'><model>Skylake-Client</model></cpu>\n"),
)

_HOSTS = frozenset({"host-passthrough", "host-model", "maximum", "host", "max"})


def check(vm: PciVm) -> Iterator[Trouble]:
    """A CPU that is whatever the host has."""
    if vm.cpu in _HOSTS:
        yield Trouble(
            vm.cpu_span or vm.machine_span,
            vm.name,
            f"CPU {vm.cpu} is another one on another host",
            "name a CPU model",
        )
