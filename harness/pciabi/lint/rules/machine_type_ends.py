"""QEMU has deleted the machine type, or will within a year.

QEMU calls a versioned machine type deprecated three years after its release, and deletes it after
six: pc-i440fx-5.1 is gone in 11.1, and 6.1 will be in 12.1. Once it is gone the VM does not
start any more, and every other machine type shows the guest other hardware: better to change it at
a time of one's own choosing, after `pciabi gate --to-machine pc-q35-9.2`, given the VM's QEMU
command line, has told what changes.

Windows guests on types up to 5.1 are an error. Those types, and no newer ones, say `_UID` 1 of the
PCI root bridge in ACPI, and Windows knows every PCI device by its way from there: under any newer
type all of them are new to it. Network settings stay with devices that are gone, and a system
that is activated by its hardware may ask for that again. QEMU 11.1 has none of those types left.
What the guest is is told by libosinfo's id in the domain's metadata, Hyper-V's enlightenments
(`<hyperv>`, `-cpu …,hv-…`), Proxmox' `ostype`, or by you: `--guest windows`.

Any other guest's type is advice, once it is gone or goes within a year of the newest release that
this pciabi knows (11.1): what is told depends on pciabi's own version, never on the date. Names of
other distributors (RHEL, Ubuntu) have ends of their own, of which nothing is said; Proxmox' `+pve`
versions have QEMU's. Of a Windows guest whose type has no version Proxmox makes a 5.1, unless it
was created with QEMU 9.1 or newer (`meta: creation-qemu=`): that is what it is judged by then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pciabi.lint.examples import domain
from pciabi.lint.finding import Severity, Trouble
from pciabi.lint.rule import Group, Rule
from pciabi.vm import machine_calendar
from pciabi.vm.machine_calendar import Release
from pciabi.vm.pci_vm import Family, PciVm

RULE = Rule(
    code="PCI131",
    name="machine-type-ends",
    summary="QEMU has no such machine type any more, or soon",
    severity=Severity.ADVICE,
    group=Group.ADDRESS,
    settled_at_define=False,
    source="QEMU, docs/about/deprecated.rst and include/hw/boards.h (MACHINE_VER_DELETION); "
    "measured: `_UID` of PCI0 is One on pc-i440fx-5.1 and Zero on 5.2; 11.1 offers 5.2 and newer",
    bad=domain(
        machine="pc-i440fx-5.1", head="  <features><hyperv mode='passthrough'/></features>\n"
    ),
    good=domain(
        machine="pc-i440fx-9.2", head="  <features><hyperv mode='passthrough'/></features>\n"
    ),
)

NEWEST = Release(11, 1)
"""The newest release of QEMU's whose machine types were looked at."""

_LAST_WITH_UID_1 = Release(5, 1)
_PROXMOX = re.compile(r"\+pve\d+$")
_LOOK = (
    "`pciabi gate --to-machine TYPE`, given its QEMU command line, shows what a newer one changes "
    "for this guest"
)


def check(vm: PciVm) -> Iterator[Trouble]:
    """A machine type that is gone, or goes within a year; of Windows the last that it can keep."""
    machine = vm.stands_for or vm.machine or ""
    life = machine_calendar.life(_PROXMOX.sub("", machine))
    if life is None or vm.family is Family.OTHER or not life.is_deleted_in(NEWEST.later(1)):
        return
    if vm.stands_for:
        machine = f"{machine}, which Proxmox takes for a type without a version,"
    if vm.windows and life.version <= _LAST_WITH_UID_1:
        yield Trouble(
            vm.machine_span,
            vm.name,
            f"{machine} is gone from QEMU {life.deleted} on, and under every newer type each "
            f"PCI device is new to this Windows guest ({vm.windows})",
            "change the type at a time of your choosing, and set up network and licence anew; "
            "or keep a QEMU that has it",
            Severity.ERROR,
        )
        return
    yield Trouble(
        vm.machine_span,
        vm.name,
        f"{machine} is gone from QEMU {life.deleted} on",
        _LOOK,
    )
