"""The ids that libvirt gives a domain's devices, which are QEMU's `id=`.

Source: libvirt, src/qemu/qemu_alias.c, qemuAssignDeviceAliases. A user's own alias (`ua-…`) stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pciabi.vm.libvirt_devices import disk_bus
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element

_USERS_OWN = "ua-"
# Devices numbered in order, by the word in front of the number.
_PREFIXES = {
    "interface": "net",
    "hostdev": "hostdev",
    "video": "video",
    "sound": "sound",
    "input": "input",
    "rng": "rng",
    "memballoon": "balloon",
    "watchdog": "watchdog",
    "filesystem": "fs",
    "serial": "serial",
    "parallel": "parallel",
    "console": "console",
    "channel": "channel",
    "redirdev": "redir",
    "smartcard": "smartcard",
    "shmem": "shmem",
    "tpm": "tpm",
    "panic": "panic",
    "vsock": "vsock",
    "iommu": "iommu",
    "crypto": "crypto",
    "pstore": "pstore",
    "memory": "dimm",
    "hub": "hub",
}


def assigned(devices: Sequence[Element], family: Family) -> Mapping[int, str]:
    """The alias of each device, by the element's identity."""
    counts: dict[str, int] = {}
    names: dict[int, str] = {}
    for device in devices:
        own = device.value("alias", "name") or ""
        made = _of_its_kind(device, family, counts)
        if made is not None:
            names[id(device)] = own if own.startswith(_USERS_OWN) else made
    return names


def _of_its_kind(device: Element, family: Family, counts: dict[str, int]) -> str | None:
    if device.name == "controller":
        return _controller(device, family)
    if device.name == "disk":
        return _disk(device, counts)
    prefix = _PREFIXES.get(device.name)
    if prefix is None:
        return None
    at = counts.get(prefix, 0)
    counts[prefix] = at + 1
    return f"{prefix}{at}"


def _controller(device: Element, family: Family) -> str:
    kind = device.attributes.get("type", "")
    index = device.attributes.get("index", "0")
    model = device.attributes.get("model", "")
    if kind == "pci":
        return "pcie.0" if model == "pcie-root" else f"pci.{index}"
    if kind == "usb" and index == "0":
        return "usb"
    if index == "0" and (kind, family) in (("ide", Family.I440FX), ("sata", Family.Q35)):
        return "ide"
    return f"{kind}{index}"


def _disk(device: Element, counts: dict[str, int]) -> str:
    bus = disk_bus(device)
    if bus == "virtio":
        at = counts.get("virtio-disk", 0)
        counts["virtio-disk"] = at + 1
        return f"virtio-disk{at}"
    address = device.child("address")
    written = address.attributes if address is not None else {}
    parts = [written.get(name, "0") for name in ("controller", "bus", "unit")]
    if bus == "scsi":
        parts.insert(2, written.get("target", "0"))
    return f"{bus}{'-'.join(parts)}"
