"""Which elements of a libvirt domain become PCI devices on x86, and what each is.

Read off libvirt 9.0's behaviour (`virsh define`, then `dumpxml`; tests/real/test_lint_libvirt.py
repeats it), and off libvirt's formatdomain page. A direct child `<address type='pci'>` makes an
element a PCI device whatever it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.vm import placeholder
from pciabi.vm.pci_vm import Role
from pciabi.vm.xml_tree import Element

# "sdb" without a bus is a SCSI disk: libvirt, virDomainDiskDefParseXML.
_BUS_OF_PREFIX = {"hd": "ide", "sd": "scsi", "vd": "virtio", "xvd": "xen", "fd": "fdc"}
_OFF_PCI_NICS = frozenset({"usb-net", "netfront"})
_PCI_SOUND = frozenset({"ac97", "es1370", "ich6", "ich9", "virtio"})
_OFF_PCI_VIDEO = frozenset({"none", "ramfb", "xen"})
_PCI_HOSTDEV = frozenset({"pci", "mdev", "scsi_host"})
_PCI_MEMORY = frozenset({"virtio-mem", "virtio-pmem"})
_PCI_CONTROLLERS = frozenset({"scsi", "sata", "virtio-serial", "usb", "nvme"})
_OFF_PCI_SCSI = frozenset({"ibmvscsi"})
_ROOTS = frozenset({"pci-root", "pcie-root"})


@dataclass(frozen=True)
class DeviceModel:
    """What an element is as a PCI device: its role, its model, and what its owner calls it.

    `open_part` is the placeholder that decides whether it is one at all; empty where it is.
    """

    role: Role
    driver: str
    name: str
    open_part: str = ""


def device_model(element: Element) -> DeviceModel | None:
    """What a child of `<devices>` is; None where it is no PCI device."""
    address = own_address(element)
    written = address.attributes.get("type", "pci") if address is not None else None
    # A console repeats the first serial device, its address included.
    if element.name == "console":
        return None
    if written not in (None, "pci") and not placeholder.find(written):
        return None
    decide = _DECIDE.get(element.name)
    found = decide(element) if decide is not None else None
    if found is None and written == "pci":
        return DeviceModel(Role.OTHER, element.value("model", "type") or "", element.name)
    if found is None and decide is not None and (open_part := _open_part(element)):
        name = f"{element.name} {element.value('target', 'dev') or ''}".strip()
        return DeviceModel(Role.OTHER, open_part, name, open_part)
    return found


def _open_part(element: Element) -> str | None:
    """The placeholder in what decides whether an element of its name is a PCI device."""
    if element.name == "disk":
        target = element.child("target")
        written = target.attributes if target is not None else {}
        return placeholder.find(written.get("bus") or written.get("dev"))
    own = (element.attributes.get(name) for name in ("type", "bus", "backend"))
    deciding = (*own, model(element), element.value("target", "type"))
    return next((found for text in deciding if (found := placeholder.find(text))), None)


def own_address(element: Element) -> Element | None:
    """The address in the guest: a direct child. The one inside `<source>` is the host's."""
    return element.child("address")


def disk_bus(element: Element) -> str:
    """A disk's bus, written or by its target's name."""
    target = element.child("target")
    if target is None:
        return ""
    name = target.attributes.get("dev", "")
    prefix = next((p for p in ("xvd", *_BUS_OF_PREFIX) if name.startswith(p)), "")
    return target.attributes.get("bus") or _BUS_OF_PREFIX.get(prefix, "")


def model(element: Element) -> str:
    """The model, written as an attribute or as a child's type or name."""
    child = element.child("model")
    inner = child.attributes if child is not None else {}
    return element.attributes.get("model") or inner.get("type") or inner.get("name") or ""


def is_bridge(element: Element) -> bool:
    """A `<controller type='pci'>` that hangs from another bus."""
    return (
        element.name == "controller"
        and element.attributes.get("type") == "pci"
        and element.attributes.get("model") not in _ROOTS
    )


def _interface(element: Element) -> DeviceModel | None:
    if model(element) in _OFF_PCI_NICS:
        return None
    mac = element.value("mac", "address")
    default = "vfio-pci" if element.attributes.get("type") == "hostdev" else "rtl8139"
    return DeviceModel(
        Role.NIC, model(element) or default, f"interface {mac}" if mac else "interface"
    )


def _disk(element: Element) -> DeviceModel | None:
    if disk_bus(element) != "virtio":
        return None
    return DeviceModel(
        Role.DISK, "virtio-blk", f"disk {element.value('target', 'dev') or ''}".strip()
    )


def _controller(element: Element) -> DeviceModel | None:
    type_ = element.attributes.get("type", "")
    found = element.attributes.get("model", "")
    name = f"controller {type_} {element.attributes.get('index', '')}".strip()
    if is_bridge(element):
        return DeviceModel(Role.BRIDGE, found, name)
    if found == "none" or found in _OFF_PCI_SCSI or type_ not in _PCI_CONTROLLERS | {"ide"}:
        return None
    return DeviceModel(Role.USB if type_ == "usb" else Role.CONTROLLER, found or type_, name)


def _hostdev(element: Element) -> DeviceModel | None:
    type_ = element.attributes.get("type", "")
    if type_ not in _PCI_HOSTDEV or model(element) in ("vfio-ccw", "vfio-ap"):
        return None
    return DeviceModel(
        Role.OTHER, "vhost-scsi" if type_ == "scsi_host" else "vfio-pci", f"hostdev {type_}"
    )


def _video(element: Element) -> DeviceModel | None:
    return (
        None
        if model(element) in _OFF_PCI_VIDEO
        else DeviceModel(Role.VIDEO, model(element), "video")
    )


def _sound(element: Element) -> DeviceModel | None:
    if model(element) not in _PCI_SOUND:
        return None
    return DeviceModel(Role.SOUND, model(element), f"sound {model(element)}")


def _serial(element: Element) -> DeviceModel | None:
    if element.value("target", "type") != "pci-serial":
        return None
    return DeviceModel(Role.OTHER, "pci-serial", "serial pci-serial")


def _filesystem(element: Element) -> DeviceModel | None:
    if element.value("driver", "type") == "mtp":
        return None
    target = element.value("target", "dir") or ""
    return DeviceModel(
        Role.OTHER, element.value("driver", "type") or "path", f"filesystem {target}".strip()
    )


def _where(role: Role, pci: Callable[[Element], bool]) -> Callable[[Element], DeviceModel | None]:
    """The rule for an element that is a PCI device in some of its models only."""

    def decide(element: Element) -> DeviceModel | None:
        found = model(element)
        return DeviceModel(role, found, f"{element.name} {found}".strip()) if pci(element) else None

    return decide


def _is(*models: str) -> Callable[[Element], bool]:
    return lambda element: model(element) in models


_DECIDE: Mapping[str, Callable[[Element], DeviceModel | None]] = MappingProxyType(
    {
        "interface": _interface,
        "disk": _disk,
        "controller": _controller,
        "hostdev": _hostdev,
        "video": _video,
        "sound": _sound,
        "serial": _serial,
        "filesystem": _filesystem,
        "memballoon": _where(Role.BALLOON, lambda e: model(e) not in ("none", "xen")),
        "rng": _where(Role.OTHER, lambda e: model(e).startswith("virtio")),
        "watchdog": _where(Role.OTHER, _is("i6300esb")),
        "input": _where(Role.OTHER, lambda e: e.attributes.get("bus") == "virtio"),
        "vsock": _where(Role.OTHER, lambda e: model(e).startswith("virtio") or not model(e)),
        "shmem": _where(Role.OTHER, lambda _: True),
        "panic": _where(Role.OTHER, _is("pvpanic")),
        "pstore": _where(Role.OTHER, lambda e: e.attributes.get("backend") == "acpi-erst"),
        "crypto": _where(Role.OTHER, lambda e: model(e).startswith("virtio")),
        "iommu": _where(Role.OTHER, _is("virtio")),
        "memory": _where(Role.OTHER, lambda e: model(e) in _PCI_MEMORY),
    }
)
