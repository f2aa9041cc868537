"""The machine itself: type, processor, memory, tables. What shapes PCI stays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pciabi.abi.snapshot import MACHINE_TYPE, Substitution
from pciabi.qemu.inert import fields, processors
from pciabi.qemu.inert.statement import (
    Stated,
    Statement,
    Surroundings,
    kept,
    left_out,
    text_of,
    written,
)

MACHINE_KEPT = frozenset(
    """
    type acpi aux-ram-share boot.menu cxl default-bus-bypass-iommu default_bus_bypass_iommu
    fd-bootchk graphics hmat hpet i8042 max-fw-size max-ram-below-4g memory-backend nvdimm
    nvdimm-persistence pcspk-audiodev pic pit rtc sata smbios-entry-point-type smbus smm
    smp.cores smp.cpus smp.dies smp.maxcpus smp.sockets smp.threads smp.modules smp.clusters
    spcr usb vmport x-oem-id x-oem-table-id x-south-bridge
    """.split()  # noqa: SIM905
)
MACHINE_KEPT_FAMILIES = ("cxl-fmw.", "boot.", "memory.")
MACHINE_LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("accel", "kernel-irqchip", "kernel_irqchip"), "nothing runs"),
        **dict.fromkeys(("kvm-shadow-mem", "kvm_shadow_mem", "igd-passthru"), "nothing runs"),
        **dict.fromkeys(("kernel", "initrd", "append", "dtb", "shim", "firmware"), "a file"),
        **dict.fromkeys(("pflash0", "pflash1"), "firmware, which does not run"),
        **dict.fromkeys(("confidential-guest-support", "memory-encryption"), "the host's CPU"),
        **dict.fromkeys(("dump-guest-core", "mem-merge"), "how the host treats memory"),
        "suppress-vmdesc": "about migration",
    }
)
_SGX = "sgx-epc."
_XEN = re.compile(r"xen.*")
_PROXMOX = re.compile(r"\bpve\b")
_PROXMOX_REVISION = re.compile(r"\+pve\d+\Z")
_HOST_CPU = "host"
_CHECKS = {"enforce", "check"}
# Nothing but KVM tells a guest what Hyper-V would, and QEMU ends where it is to: none is on PCI.
_KVMS = ("hv-", "hv_", "+hv", "-hv")
_ADDRESS_BITS = {"phys-bits", "host-phys-bits", "host-phys-bits-limit"}
# TCG's processors have 40 bits; beside memory the machine needs some for itself.
_PLAIN_BYTES = 1 << 39
_MORE_BITS = ("phys-bits=52",)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([bBkKmMgGtTpPeE]?)(?:i?[bB])?")
_UNITS = {"b": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60}
# Above this a host need not have the memory: it is kept in a file without a name.
LARGE_BYTES = 1 << 30
MEMORY_ID = "pciabi-memory"


def machine(statement: Statement, around: Surroundings) -> Stated:
    """`-machine`: the type and what shapes hardware; not the accelerator, nor files."""
    name = statement.get("type")
    if name is not None and _XEN.fullmatch(name):
        raise statement.refused(f"'{name}' needs Xen", at="type")
    statement, fewer = processors.in_machine(statement, around)
    parameters = statement.parameters
    told = fewer.substitutions
    if name is not None and type_for(name, around.banner) != name:
        plain = type_for(name, around.banner)
        parameters = parameters.having("type", plain)
        told += (another_type(name, plain),)
    for item in parameters.items:
        if item.name in MACHINE_LEFT_OUT or item.name.startswith(_SGX):
            parameters = parameters.without(item.name)
        elif item.name not in MACHINE_KEPT and not item.name.startswith(MACHINE_KEPT_FAMILIES):
            raise statement.refused(
                f"property '{item.name}' is not on the list of those known to leave the host alone",
                at=item.name,
            )
    if not parameters.items:
        return Stated()
    return Stated(("-machine", written(parameters)), told)


def type_for(name: str, banner: str) -> str:
    """A machine type as the QEMU of this version line knows it: `+pveN` is Proxmox's revision of
    a type, which no other QEMU has."""
    return name if _PROXMOX.search(banner) else _PROXMOX_REVISION.sub("", name)


def another_type(written: str, given: str) -> Substitution:
    """What is told of a machine type that QEMU knows by another name: Proxmox may have changed
    what it is."""
    return Substitution(f"-machine {written}", f"-machine {given}", None, (MACHINE_TYPE,))


def processor(statement: Statement, around: Surroundings) -> Stated:
    """`-cpu`: the model stays; the host's own, which only KVM has, becomes TCG's fullest.

    Address bits go, which TCG chooses itself; but the memory of a large machine may need more.
    """
    value = statement.option.value
    model, *features = text_of(value).split(",") if value is not None else [""]
    if model == _HOST_CPU:
        # Whose processor the host has is not known; AMD's would move memory beyond its own hole.
        bits = (*_MORE_BITS, "vendor=GenuineIntel") if around.memory > _PLAIN_BYTES else ()
        told = (Substitution("-cpu host", "-cpu max", None, ()),)
        return Stated(("-cpu", ",".join(["max", *bits])), told)
    names = {feature.partition("=")[0] for feature in features}
    wide = around.memory > _PLAIN_BYTES and names & _ADDRESS_BITS
    kept_features = [
        feature
        for feature in features
        if feature.partition("=")[0] not in _CHECKS | _ADDRESS_BITS
        and not feature.startswith(_KVMS)
    ]
    return Stated(("-cpu", ",".join([model, *kept_features, *(_MORE_BITS if wide else ())])))


def size_in_bytes(text: str, plain_unit: str) -> int | None:
    """A size as QEMU takes it; `plain_unit` is meant where none is written."""
    match = _SIZE.fullmatch(text)
    if match is None or len(text) > 24:
        return None
    return int(float(match[1]) * (1 << _UNITS[match[2].lower() or plain_unit]))


def boot(statement: Statement) -> Stated:
    """`-boot`: without the picture a BIOS would show."""
    parameters = statement.parameters.without("splash")
    return Stated(("-boot", written(parameters))) if parameters.items else Stated()


def smbios(statement: Statement) -> Stated:
    """`-smbios`: without files, which may hold any structure, and without the free strings, which
    may be secret and which no family of facts compares."""
    if statement.get("type") == "11":
        return left_out(statement.shown("type"))
    if {"file", "path"} & statement.parameters.names:
        return left_out(statement.shown("type"), (), (fields.SMBIOS,))
    return kept(statement)


def acpitable(statement: Statement) -> Stated:
    """`-acpitable`: its content is in files."""
    return left_out(f"-{statement.name}", (), (fields.ACPI,))


def switched_off(statement: Statement) -> Stated:
    """`-no-acpi` and `-no-hpet`, in the words that newer QEMUs take as well."""
    return Stated(("-machine", f"{statement.name.removeprefix('no-')}=off"))


def watchdog(statement: Statement) -> Stated:
    """`-watchdog MODEL` is `-device MODEL` to the QEMUs that take it; newer ones do not."""
    value = statement.option.value
    return Stated(("-device", text_of(value) if value is not None else ""))
