"""The ids that libvirt gives a domain's devices, which are QEMU's `id=`.

Source: libvirt, src/qemu/qemu_alias.c, qemuAssignDeviceAliases. A user's own alias (`ua-…`) stays;
what is none libvirt passes over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from pciabi.vm.domain import disk_places, marks
from pciabi.vm.libvirt_devices import disk_bus
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element

_ROOTS = ("pci-root", "pcie-root")
# Numbered by their place among their kind.
_BY_PLACE: Mapping[str, str] = MappingProxyType(
    {
        "sound": "sound",
        "redirdev": "redir",
        "video": "video",
        "input": "input",
        "parallel": "parallel",
        "serial": "serial",
        "channel": "channel",
        "console": "console",
        "hub": "hub",
        "shmem": "shmem",
        "smartcard": "smartcard",
        "watchdog": "watchdog",
        "memballoon": "balloon",
        "tpm": "tpm",
        "vsock": "vsock",
        "iommu": "iommu",
        "pstore": "pstore",
        "panic": "panic",
    }
)
# Numbered after the last of their prefix, which those whose alias is the user's own do not count.
_AFTER_THE_LAST: Mapping[str, str] = MappingProxyType(
    {"interface": "net", "filesystem": "fs", "hostdev": "hostdev", "rng": "rng", "crypto": "crypto"}
)
_MEMORY: Mapping[str, str] = MappingProxyType(
    {"virtio-pmem": "virtiopmem", "virtio-mem": "virtiomem", "sgx-epc": "epc"}
)


def assigned(devices: Sequence[Element], family: Family) -> Mapping[int, str]:
    """The alias of each device, by the element's identity."""
    return dict(_Assignment(devices, family).made())


def primary_first(videos: Sequence[Element]) -> Sequence[Element]:
    """Videos as libvirt keeps them: it puts one that is `primary='yes'` in front of those that it
    has read before (src/conf/domain_conf.c, virDomainDefParseXML)."""
    kept: list[Element] = []
    for video in videos:
        is_primary = video.value("model", "primary") == "yes"
        kept.insert(0 if is_primary else len(kept), video)
    return kept


@dataclass
class _Assignment:
    """One pass over a domain's devices."""

    devices: Sequence[Element]
    family: Family
    next_free: dict[str, int] = field(default_factory=dict)

    def made(self) -> Iterator[tuple[int, str]]:
        videos = [device for device in self.devices if device.name == "video"]
        places = {id(video): at for at, video in enumerate(primary_first(videos))}
        seen: dict[str, int] = {}
        # hostdev NICs take their numbers before any <hostdev> does.
        for device in sorted(self.devices, key=lambda device: device.name == "hostdev"):
            at = seen.get(device.name, 0)
            seen[device.name] = at + 1
            own = device.value("alias", "name") or ""
            if marks.is_users_own(own) and not _is_root(device):
                yield id(device), own
            elif (name := self._of_its_kind(device, places.get(id(device), at))) is not None:
                yield id(device), name

    def _of_its_kind(self, device: Element, at: int) -> str | None:
        decide = _OTHERS.get(device.name)
        if decide is not None:
            return decide(device, self)
        if device.name in _BY_PLACE:
            return f"{_BY_PLACE[device.name]}{at}"
        prefix = _AFTER_THE_LAST.get(device.name)
        if prefix == "net" and device.attributes.get("type") == "hostdev":
            prefix = "hostdev"
        return self.numbered(prefix) if prefix is not None else None

    def numbered(self, prefix: str) -> str:
        """The next one of a prefix."""
        at = self.next_free.get(prefix, 0)
        self.next_free[prefix] = at + 1
        return f"{prefix}{at}"


def _is_root(device: Element) -> bool:
    # The chipset has it, and names it.
    return device.name == "controller" and device.attributes.get("model") in _ROOTS


def _controller(device: Element, assignment: _Assignment) -> str:
    kind = device.attributes.get("type", "")
    index = device.attributes.get("index", "0")
    model = device.attributes.get("model", "")
    if kind == "pci":
        return f"pcie.{index}" if model == "pcie-root" else f"pci.{index}"
    if kind == "usb" and index == "0":
        return "usb"
    built_in = (("ide", Family.I440FX), ("sata", Family.Q35))
    if index == "0" and (kind, assignment.family) in built_in:
        return "ide"
    if kind == "scsi" and index == "0" and model == "ncr53c90":
        return "scsi"
    return f"{kind}{index}"


def _disk(device: Element, assignment: _Assignment) -> str:
    bus = disk_bus(device)
    place = disk_places.place(device)
    if place is None:
        return f"{bus}-disk{disk_places.index_of_name(device)}"
    parts = [place.controller, place.bus, place.target, place.unit]
    if bus != "scsi" or _scsi_model(assignment.devices, place.controller) == "lsilogic":
        del parts[2]
    return f"{bus}{'-'.join(map(str, parts))}"


def _scsi_model(devices: Sequence[Element], index: int) -> str:
    for device in devices:
        written = device.attributes
        is_scsi = device.name == "controller" and written.get("type") == "scsi"
        if is_scsi and written.get("index", "0") == str(index):
            return written.get("model", "")
    return ""


def _memory(device: Element, assignment: _Assignment) -> str:
    model = device.attributes.get("model", "")
    if model in _MEMORY:
        return assignment.numbered(_MEMORY[model])
    return f"{model}{device.value('address', 'slot') or '0'}"


_OTHERS: Mapping[str, Callable[[Element, _Assignment], str]] = MappingProxyType(
    {"controller": _controller, "disk": _disk, "memory": _memory}
)
