"""QEMUs that know a few things, for tests of what is made of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pciabi.qemu.answers import CompatProperty, MachineType
from pciabi.qemu.vocabulary import Vocabulary

PARENTS: Mapping[str, str | None] = {
    "object": None,
    "device": "object",
    "pci-device": "device",
    "base-pci-bridge": "pci-device",
    "pcie-root-port": "base-pci-bridge",
    "virtio-pci": "pci-device",
    "virtio-net-pci": "virtio-pci",
    "virtio-device": "device",
    "virtio-net-device": "virtio-device",
    "e1000": "pci-device",
    "sga": "device",
    "can-bus": "object",
    "pc-q35-7.2-machine": "object",
}
COMMON = frozenset({"addr", "romfile", "multifunction"})


def machine(
    name: str, *compat: tuple[str, str, str], deprecated: bool = False, alias: str | None = None
) -> MachineType:
    """A machine type that sets (type, property, value) triples."""
    return MachineType(name, alias, deprecated, tuple(CompatProperty(*one) for one in compat))


def vocabulary(
    *machines: MachineType,
    without: Iterable[str] = (),
    properties: Mapping[str, Iterable[str]] | None = None,
) -> Vocabulary:
    """A QEMU with these machine types, without some types; every type takes what is common and
    these properties of its own."""
    types = {name: parent for name, parent in PARENTS.items() if name not in set(without)}
    own = properties or {}
    takes = {name: COMMON | frozenset(own.get(name, ())) for name in types}
    return Vocabulary(machines or (machine("pc-q35-7.2"),), types, takes)
