"""KubeVirt VirtualMachine, VirtualMachineInstance, ReplicaSet and Pool, in YAML or JSON.

KubeVirt makes the domain anew at every start, so that where nothing is pinned the order of the
lists decides. It takes `pciAddress` on interfaces and disks and on nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType

from pciabi.errors import InputError
from pciabi.vm import machine_family, placeholder, windows_guest, yaml_tree
from pciabi.vm.formats import ConfigText, Format, Vm
from pciabi.vm.pci_vm import (
    Creation,
    Family,
    PciBus,
    PciDevice,
    PciVm,
    Pinning,
    Place,
    Role,
    with_boot_disk,
)
from pciabi.vm.yaml_tree import Node

_API = re.compile(r"apiVersion[\"']?\s*:\s*[\"']?(?:pool\.)?kubevirt\.io/")
_DOMAINS = MappingProxyType(
    {
        "VirtualMachineInstance": ("spec", "domain"),
        "VirtualMachine": ("spec", "template", "spec", "domain"),
        "VirtualMachineInstanceReplicaSet": ("spec", "template", "spec", "domain"),
        "VirtualMachineInstancePreset": ("spec", "domain"),
        "VirtualMachinePool": (
            *("spec", "virtualMachineTemplate", "spec", "template", "spec", "domain"),
        ),
    }
)
_ADDRESS = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{2}):([0-9a-fA-F]{2})\.([0-7])")
_REMEDY = "give it pciAddress: '0000:…:00.0', the one the guest shows now"
_HELD = "KubeVirt takes no address for it: keep the list's order, or put it last"


def detects(source: ConfigText) -> bool:
    """A text with KubeVirt's API version."""
    return _API.search(source.text) is not None


def read(source: ConfigText) -> tuple[Vm, ...]:
    """Every VM of every document. Raises InputError."""
    documents = yaml_tree.read(source.file, source.text)
    return tuple(vm for document in documents for vm in _vms(document))


def _vms(node: Node) -> Iterator[Vm]:
    """The VMs in a manifest: it is one, or holds some, as List, Template and others do."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        keys = _DOMAINS.get(found.value("kind") or "")
        domain = found.at(*keys) if keys is not None else None
        if keys is not None and domain is not None:
            architecture = found.value(*keys[:-1], "architecture")
            yield Vm(_vm(found, domain, architecture), found.statements)
        else:
            waiting += reversed([*found.entries.values(), *found.items])


def _vm(document: Node, domain: Node, architecture: str | None) -> PciVm:
    machine = domain.at("machine", "type")
    name = machine.text if machine is not None else "q35"
    family = _family(name, architecture)
    devices = tuple(_devices(domain)) if family is not Family.OTHER else ()
    hyperv = domain.at("features", "hyperv")
    buses = {device.place.bus for device in devices if device.place is not None}
    return PciVm(
        name=document.value("metadata", "name") or "",
        family=family,
        machine=name,
        machine_span=(machine or domain).span if machine else document.span,
        devices=with_boot_disk(devices),
        # libvirt makes the root ports; a bus number stands for the port it hangs from.
        buses=tuple(PciBus(bus, range(32), hotplug=bus != "0", root=bus == "0") for bus in buses),
        built_in=MappingProxyType({}),
        creation=Creation.AFTER_PINNED,
        remedy=_REMEDY,
        cpu=domain.value("cpu", "model"),
        cpu_span=cpu.span if (cpu := domain.at("cpu")) is not None else None,
        windows=windows_guest.of_features(hyperv.entries if hyperv is not None else ()),
    )


def _family(machine: str | None, architecture: str | None) -> Family:
    if architecture and architecture != "amd64" and not placeholder.find(architecture):
        return Family.OTHER
    if not machine:
        return Family.Q35
    found = machine_family.family(machine)
    # A KubeVirt release may come with other machine types; all of x86 are q35's kind.
    return Family.Q35 if found is Family.UNKNOWN else found


def _devices(domain: Node) -> Iterator[PciDevice]:
    for interface in domain.each("devices", "interfaces"):
        name = f"interface {interface.value('name') or ''}".strip()
        model = interface.value("model") or "virtio"
        if "sriov" in interface.entries:
            model = "vfio-pci"
        mac = interface.value("macAddress")
        yield _device(interface, interface, name, model, Role.NIC, {"mac": mac})
    for disk in domain.each("devices", "disks"):
        name = f"disk {disk.value('name') or ''}".strip()
        for kind in ("disk", "lun"):
            target = disk.at(kind)
            bus = (target.value("bus") if target is not None else None) or "virtio"
            if target is not None and (bus == "virtio" or placeholder.find(bus)):
                order = disk.value("bootOrder")
                yield _device(disk, target, name, "virtio-blk", Role.DISK, {"bootindex": order})
    for list_ in ("hostDevices", "gpus"):
        for held in domain.each("devices", list_):
            name = f"{list_} {held.value('name') or ''}".strip()
            yield PciDevice(
                name, held.value("deviceName") or "", Role.OTHER, Pinning.UNPINNABLE, held.span,
                remedy=_HELD,
            )  # fmt: skip


def _device(
    node: Node, holder: Node, name: str, driver: str, role: Role, more: dict[str, str | None]
) -> PciDevice:
    written = holder.value("pciAddress") or ""
    bus = holder.value("bus") or ""
    pinning, place, detail = Pinning.UNPINNED, None, "its place in the list alone decides"
    if open_part := placeholder.find(written) or placeholder.find(bus):
        pinning, detail = Pinning.UNKNOWN, open_part
    elif written:
        pinning, place, detail = Pinning.PINNED, _place(node, holder, written), ""
    return PciDevice(
        name,
        driver,
        role,
        pinning,
        node.span,
        place=place,
        properties=MappingProxyType({k: v for k, v in more.items() if v is not None}),
        detail=detail,
    )


def _place(node: Node, holder: Node, written: str) -> Place:
    match = _ADDRESS.fullmatch(written)
    if match is None:
        where = holder.at("pciAddress")
        raise InputError(
            f"pciAddress '{written[:40]}' is not of the form 0000:00:00.0",
            place=where.start if where is not None else node.start,
        )
    return Place(str(int(match[2], 16)), int(match[3], 16), int(match[4]))


FORMAT = Format(
    name="kubevirt",
    title="KubeVirt manifest",
    endings=(".yaml", ".yml", ".json"),
    rank=60,
    detects=detects,
    read=read,
    comment="# pciabi: ignore unpinned-nic reason",
)
