"""Proxmox VE `qemu-server` configuration.

Proxmox pins what its own keys make by their number (`net0`, `scsi0`): its slot map gives each
key its place. What it does not pin is judged here: devices in `args:`, and the machine version.
Sections below the first (`[snapshot]`) are states of the past, and left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from pciabi.vm import machine_family, reading, windows_guest
from pciabi.vm.command_line.argument import plain
from pciabi.vm.command_line.layouts import Layout
from pciabi.vm.command_line.option import Option, QemuCommandLine
from pciabi.vm.command_line.statements import statements
from pciabi.vm.formats import ConfigText, Format, Vm
from pciabi.vm.pci_vm import MAY_BE, Creation, Family, PciBus, PciDevice, PciVm, Pinning, Role, Span
from pciabi.vm.qemu_machine import vm as qemu_vm
from pciabi.vm.statement import Extent, Kind, Statement

_LINE = re.compile(r"^(?P<key>[a-z][a-z0-9_]*):[ \t]*(?P<value>.*?)[ \t\r]*$", re.MULTILINE)
_SECTION = re.compile(r"^\[", re.MULTILINE)
# Keys that no other format of this shape has.
_TELLING = re.compile(
    r"^(?:(?:scsihw|vmgenid|ostype|bootdisk|smbios1|agent|onboot|balloon|sockets)"
    r"|(?:net|scsi|virtio|ide|sata|efidisk|tpmstate|unused|hostpci|usb)\d):[ \t]*\S",
    re.MULTILINE,
)
_PAIR = re.compile(r"(?:(?P<name>[^=,]+)=)?(?P<value>[^,]+)")
_ENOUGH = 3
_CREATED = re.compile(r"(?:^|,)creation-qemu=([0-9]{1,3})\.([0-9]{1,3})")
_PINS_TO_CREATION = (9, 1)
# Bridges that Proxmox loads from its own configuration files, and its root ports of q35.
_BRIDGES = MappingProxyType(
    {
        Family.I440FX: ("pci.1", "pci.2", "pci.3", "pci.4"),
        Family.Q35: (
            *("pci.0", "pci.1", "pci.2", "pci.3", "pci.4", "ehci.0"),
            *(f"ich9-pcie-port-{n}" for n in range(1, 17)),
        ),
    }
)


def detects(source: ConfigText) -> bool:
    """A text of `key: value` lines of which several are Proxmox's own."""
    return len(_TELLING.findall(_current(source.text))) >= _ENOUGH


def read(source: ConfigText) -> tuple[Vm, ...]:
    """The one VM. Raises InputError."""
    current = _current(source.text)
    found = {match["key"]: match for match in _LINE.finditer(current)}
    family = _family(found)
    say = partial(_statements, source, tuple(_LINE.finditer(current)))
    if family is not Family.UNKNOWN:
        return (Vm(_vm(source, found, family), say),)
    readings = [_vm(source, found, each) for each in MAY_BE]
    return (Vm(readings[0].read_as(readings), say),)


def _statements(source: ConfigText, lines: Iterable[re.Match[str]]) -> tuple[Statement, ...]:
    return tuple(
        Statement(
            Kind.KEY,
            match["key"],
            (Extent(match.start("key"), match.end("value")),),
            (Extent(*match.span("value")),),
            tuple(_parts(source, match)),
        )
        for match in lines
    )


def _parts(source: ConfigText, match: re.Match[str]) -> Iterator[Statement]:
    """The options in `args`, and what stands between the commas of all others."""
    if match["key"] == "args":
        line = _arguments(source, match)
        yield from statements(line, source) if line is not None else ()
        return
    for pair in _PAIR.finditer(source.text, *match.span("value")):
        whole, said = Extent(*pair.span()), Extent(*pair.span("value"))
        yield Statement(Kind.PARAMETER, pair["name"] or "", (whole,), (said,))


def _family(found: Mapping[str, re.Match[str]]) -> Family:
    if (_value(found, "arch") or "x86_64") != "x86_64":
        return Family.OTHER
    return machine_family.family(_machine(found))


def _machine(found: Mapping[str, re.Match[str]]) -> str | None:
    """`pc+pve0`, or `type=q35,viommu=virtio`, or `viommu=intel` alone."""
    words = (_value(found, "machine") or "").split(",")
    named = [word.removeprefix("type=") for word in words if word.startswith("type=")]
    bare = [word for word in words if word and "=" not in word]
    return next(iter((*named, *bare)), None)


def _pinned(found: Mapping[str, re.Match[str]]) -> str | None:
    """What Proxmox starts a Windows guest as whose machine type has no version: 5.1, or the QEMU
    that it was created with where that was 9.1 or newer. Source: qemu-server, Machine.pm,
    get_vm_machine."""
    machine = _machine(found) or "pc"
    if machine not in ("pc", "q35"):
        return None
    created = _CREATED.search(_value(found, "meta") or "")
    known = (int(created[1]), int(created[2])) if created is not None else (0, 0)
    major, minor = known if known >= _PINS_TO_CREATION else (5, 1)
    return f"pc-{'q35' if machine == 'q35' else 'i440fx'}-{major}.{minor}"


def _vm(source: ConfigText, found: Mapping[str, re.Match[str]], family: Family) -> PciVm:
    cpu = _value(found, "cpu")
    windows = windows_guest.of_ostype(_value(found, "ostype"))
    made = _devices(source, found.get("args"), family)
    return replace(
        made,
        devices=(*_iommu(source, found, family), *made.devices),
        name=_value(found, "name") or "",
        family=family,
        machine=_machine(found),
        machine_span=_span(source, found.get("machine")),
        cpu=cpu.split(",")[0].removeprefix("cputype=") if cpu else None,
        cpu_span=_span(source, found.get("cpu")),
        windows=windows,
        stands_for=_pinned(found) if windows else None,
    )


def _iommu(
    source: ConfigText, found: Mapping[str, re.Match[str]], family: Family
) -> Iterator[PciDevice]:
    """`viommu=virtio` makes one without an address: qemu-server, Machine.pm and its test data."""
    if family is Family.Q35 and "viommu=virtio" in (_value(found, "machine") or "").split(","):
        yield PciDevice(
            "viommu=virtio", "virtio-iommu-pci", Role.OTHER, Pinning.UNPINNABLE,
            _span(source, found.get("machine")),
            remedy="viommu=intel is no PCI device; Proxmox takes no address for this one",
        )  # fmt: skip


def _current(text: str) -> str:
    section = _SECTION.search(text)
    return text[: section.start()] if section is not None else text


def _value(found: Mapping[str, re.Match[str]], key: str) -> str | None:
    return found[key]["value"] if key in found else None


def _span(source: ConfigText, match: re.Match[str] | None) -> Span:
    line = source.text.count("\n", 0, match.start()) + 1 if match is not None else 1
    return Span(source.position(line), line)


def _devices(source: ConfigText, arguments: re.Match[str] | None, family: Family) -> PciVm:
    """What `args:` adds, read at its own place in the file."""
    root = "pcie.0" if family is Family.Q35 else "pci.0"
    buses = [PciBus(root, range(32), hotplug=family is Family.I440FX, root=True)]
    buses += [PciBus(name, range(32), hotplug=True) for name in _BRIDGES.get(family, ())]
    nothing = PciVm(
        name="",
        family=family,
        machine=None,
        machine_span=_span(source, arguments),
        devices=(),
        buses=tuple(buses),
        built_in=MappingProxyType({}),
        creation=Creation.IN_ORDER,
        remedy="give it bus= and addr= that Proxmox's own map does not use",
    )
    if arguments is None or not arguments["value"] or family is Family.OTHER:
        return nothing
    line = _arguments(source, arguments)
    if line is None:
        return nothing
    machine = "q35" if family is Family.Q35 else "pc"
    # What Proxmox itself puts in front of them.
    given = (
        Option("nodefaults", plain("-nodefaults", source.file, 1), None),
        Option("machine", plain("-machine", source.file, 1), plain(machine, source.file, 1)),
    )
    made = qemu_vm(replace(line, options=(*given, *line.options)))
    known = {bus.name for bus in buses}
    return replace(
        nothing,
        devices=made.devices,
        buses=(*buses, *(bus for bus in made.buses if bus.name not in known)),
    )


def _arguments(source: ConfigText, match: re.Match[str]) -> QemuCommandLine | None:
    """The options of `args:`, each at its own place in the file."""
    before = re.sub(r"[^\n]", " ", source.text[: match.start("value")])
    words = f"{before}{match['value']}\n".encode()
    return next(iter(reading.read_all(Path(source.file), Layout.SHELL, words)), None)


FORMAT = Format(
    name="proxmox",
    title="Proxmox VE configuration",
    endings=(".conf",),
    rank=40,
    detects=detects,
    read=read,
    comment="# pciabi: ignore unpinned-device reason",
)
