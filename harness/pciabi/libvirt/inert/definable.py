"""A domain that any libvirt may define: it allocates, adds and chooses as for the user's own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from pciabi.libvirt.inert import (
    characters,
    extent,
    hardware,
    host_devices,
    machine,
    network,
    passthrough,
    storage,
)
from pciabi.libvirt.inert.allow_list import allow, described, refused, sift
from pciabi.libvirt.inert.common import Treatment, Turn, made, whole
from pciabi.libvirt.inert.record import Record, Replacement
from pciabi.qemu.inert import fields
from pciabi.vm import xml_tree
from pciabi.vm.domain import kind, marks
from pciabi.vm.pci_vm import Family, Span
from pciabi.vm.xml_tree import Element

NAME = "pciabi"
"""What every inert domain is called."""
_DOMAIN = allow(": type", ": id")
_OF_QEMU = frozenset({"kvm", "qemu"})


def _left_out(kept: Element, turn: Turn) -> None:
    del kept
    turn.record.tell(described(turn.element))


def _emulator(kept: Element, turn: Turn) -> None:
    """Whoever asks a libvirt names the one it may start."""
    del kept, turn


DEVICES: Mapping[str, Treatment] = MappingProxyType(
    {
        "emulator": whole(_emulator),
        "disk": storage.DISK,
        "filesystem": storage.FILESYSTEM,
        "lease": storage.LEASE,
        "interface": network.INTERFACE,
        "hostdev": host_devices.HOSTDEV,
        "redirdev": characters.REDIRDEV,
        "redirfilter": whole(_left_out),
        "smartcard": characters.SMARTCARD,
        **dict.fromkeys(("serial", "parallel", "console", "channel"), characters.PORT),
        "controller": hardware.CONTROLLER,
        "hub": hardware.HUB,
        "sound": hardware.SOUND,
        "audio": hardware.AUDIO,
        "video": hardware.VIDEO,
        "graphics": hardware.GRAPHICS,
        "watchdog": hardware.WATCHDOG,
        "memballoon": hardware.MEMBALLOON,
        "nvram": hardware.NVRAM,
        "panic": hardware.PANIC,
        "vsock": hardware.VSOCK,
        "iommu": hardware.IOMMU,
        "rng": hardware.RNG,
        "input": hardware.INPUT,
        "shmem": hardware.SHMEM,
        "tpm": hardware.TPM,
        "memory": hardware.MEMORY,
        "crypto": hardware.CRYPTO,
        "pstore": hardware.PSTORE,
    }
)
"""Child of `<devices>` to treatment. One that is not here is refused."""


@dataclass(frozen=True)
class InertDomain:
    """A domain for a libvirt, and what of the user's it is not told."""

    root: Element
    replacements: tuple[Replacement, ...]

    @property
    def text(self) -> str:
        """The domain as XML."""
        return xml_tree.written(self.root)


def definable(domain: Element, emulator: str) -> InertDomain:
    """The domain as a libvirt may define it, with the QEMU at `emulator` (an absolute path).

    Every device that libvirt can tell by one carries a mark (`pciabi.vm.domain.marks`), by which
    `completed` finds it again. Raises InputError at the first thing that is not known to leave the
    host alone.
    """
    made_inert = inert(marks.marked(domain))
    return replace(made_inert, root=with_emulator(made_inert.root, emulator))


def with_emulator(root: Element, emulator: str) -> Element:
    """The domain with the QEMU it is for."""
    devices = root.merged("devices") or made(root, "devices")
    program = Element("emulator", {}, devices.start, text=emulator)
    filled = replace(devices, children=[program, *devices.children])
    return replace(root, children=[*(c for c in root.children if c.name != "devices"), filled])


def inert(domain: Element) -> InertDomain:
    """The domain without anything of the host, and without an emulator. Raises InputError."""
    replacements: list[Replacement] = []
    attributes = _attributes(domain, replacements)
    name = Element("name", {}, domain.start, text=NAME)
    children = [name, *_children(domain, replacements)]
    if domain.child("uuid") is None and not _tells_uuid_in_smbios(domain):
        children.insert(1, Element("uuid", {}, domain.start, text=_uuid(domain)))
    if any(child.prefix for child in children):
        attributes[f"xmlns:{passthrough.PREFIX}"] = passthrough.NAMESPACE
    root = replace(domain, attributes=attributes, children=children, text="", prefix="")
    return InertDomain(root, tuple(replacements))


def _uuid(domain: Element) -> str:
    """One that is the same for the same domain, in place of libvirt's own, which is random."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, xml_tree.written(domain)))


def _tells_uuid_in_smbios(domain: Element) -> bool:
    """libvirt then takes that one."""
    tables = [table for info in domain.all("sysinfo") for table in info.all("system")]
    return any(e.attributes.get("name") == "uuid" for t in tables for e in t.all("entry"))


def _attributes(domain: Element, replacements: list[Replacement]) -> dict[str, str]:
    written = {k: v for k, v in domain.attributes.items() if not k.startswith("xmlns:")}
    bare = replace(domain, attributes=written, children=[], text="", prefix="")
    sift(bare, _DOMAIN, Record("domain", domain))
    type_ = written.get("type", "kvm")
    if type_ not in _OF_QEMU:
        raise refused(domain, f"type {type_[:20]!a} is not one of QEMU's")
    if type_ != "qemu":
        instead = "type='qemu'"
        replacements.append(Replacement("domain", f"type='{type_}'", instead, (), _first(domain)))
    return {"type": "qemu"}


def _first(element: Element) -> Span:
    return Span(element.start, element.start.line)


def _children(domain: Element, replacements: list[Replacement]) -> Iterator[Element]:
    family = kind.family(domain)
    for child in domain.children:
        record = Record(child.name, child, replacements)
        if child.name == "devices" and not child.prefix:
            inside = list(_devices(child, replacements, family))
            yield replace(child, children=inside, text="")
        elif passthrough.own(child, domain):
            kept = passthrough.inert(child, record)
            if kept is not None:
                yield kept
        elif child.prefix:
            # libvirt does not look at it either.
            record.tell(f"<{child.name}> of another namespace")
        elif child.name in machine.CHILDREN:
            yield from _treated(machine.CHILDREN[child.name], Turn(child, 0, record, family))
        else:
            raise refused(child, "is not known to be harmless to the host")


def _devices(
    devices: Element, replacements: list[Replacement], family: Family
) -> Iterator[Element]:
    if devices.attributes:
        raise refused(devices, "has no attributes")
    for ordinal, device in enumerate(devices.children):
        treatment = DEVICES.get(device.name)
        if treatment is None or device.prefix:
            raise refused(device, "is not known to be harmless to the host")
        record = Record(called(device), device, replacements)
        without_file = _without_rom_file(device, record)
        for kept in _treated(treatment, Turn(without_file, ordinal, record, family)):
            extent.check(kept)
            yield kept


def _treated(treatment: Treatment, turn: Turn) -> Iterator[Element]:
    kept = turn.element
    if treatment.allowed is not None:
        kept = sift(turn.element, treatment.allowed, turn.record)
    finished = treatment.finish(kept, turn)
    if finished is not None:
        yield finished


def _without_rom_file(device: Element, record: Record) -> Element:
    """QEMU then takes the ROM that it has for such a device, of another size."""
    rom = device.child("rom")
    if rom is None or "file" not in rom.attributes:
        return device
    record.tell("<rom file=>", "QEMU's own ROM", fields.ROM)
    attributes = {k: v for k, v in rom.attributes.items() if k != "file"}
    bare = replace(rom, attributes=attributes)
    return replace(device, children=[bare if c is rom else c for c in device.children])


def called(device: Element) -> str:
    """What a device's owner calls it."""
    known = marks.known_by(device)
    return f"{device.name} {known}" if known else device.name
