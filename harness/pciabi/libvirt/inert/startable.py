"""A defined domain that a libvirt may start as well, to have its command line written.

Once every address is written, a device that only starting looks for on the host can be another one
in its place, and what is not on PCI can go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from pciabi.abi.snapshot import EVERY_FIELD
from pciabi.errors import InputError
from pciabi.libvirt.inert.allow_list import described
from pciabi.libvirt.inert.common import containing, having, made, without
from pciabi.libvirt.inert.definable import InertDomain, called, inert, with_emulator
from pciabi.libvirt.inert.network import unconnected_socket
from pciabi.libvirt.inert.passthrough import NAMESPACE, PREFIX
from pciabi.libvirt.inert.record import LEFT_OUT, Record, Replacement
from pciabi.vm.domain import aliases, kind, marks
from pciabi.vm.xml_tree import Element

_STAND_IN = "<rng model='virtio'>"
_ON_PCI = frozenset({"pci", "scsi_host", "mdev"})
_MANY_QUEUES = 2


def startable(defined: Element, emulator: str) -> InertDomain:
    """The domain as a libvirt may start it, with the QEMU at `emulator`.

    `defined` is what the libvirt made of a `definable` one. Marks are gone, so that devices have
    the ids that libvirt gives them, but for stand-ins. Raises InputError where a device that has to
    be replaced has no PCI address yet.
    """
    made_inert = inert(defined)
    replacements = list(made_inert.replacements)
    children = [
        _devices(child, replacements) if child.name == "devices" else child
        for child in made_inert.root.children
    ]
    root = marks.unmarked(replace(made_inert.root, children=children))
    root = _with_shared_memory(_with_mtu(root, made_inert.root))
    return InertDomain(with_emulator(root, emulator), tuple(replacements))


def _devices(devices: Element, replacements: list[Replacement]) -> Element:
    inside = []
    for ordinal, device in enumerate(devices.children):
        turn = _stand_in if marks.is_another(device) else _STARTED.get(device.name)
        record = Record(called(device), device, replacements)
        kept = turn(device, ordinal, record) if turn is not None else device
        if kept is not None:
            inside.append(kept)
    return replace(devices, children=inside)


def _stand_in(device: Element, ordinal: int, record: Record) -> Element:
    """Another PCI device at the same address, with an id of its own: libvirt would give it that
    of another kind."""
    address = device.child("address")
    if address is None or address.attributes.get("type") != "pci":
        raise InputError(
            f"<{device.name}> has no PCI address, which another device could stand at",
            place=device.start,
        )
    record.tell(described(device), _STAND_IN, EVERY_FIELD)
    alias = device.child("alias")
    if alias is None or marks.is_mark(alias.attributes.get("name", "")):
        alias = made(device, "alias", name=f"{marks.STAND_IN}{ordinal}")
    place = [child for child in device.children if child.name in ("address", "acpi")]
    backend = made(device, "backend", model="builtin")
    return made(device, "rng", backend, alias, *place, model="virtio")


def _left_out(device: Element, ordinal: int, record: Record) -> Element | None:
    del ordinal
    record.tell(described(device))
    return None


def _hostdev(device: Element, ordinal: int, record: Record) -> Element | None:
    if device.attributes.get("type") in _ON_PCI and _is_on_pci(device):
        return _stand_in(device, ordinal, record)
    return _left_out(device, ordinal, record)


def _is_on_pci(device: Element) -> bool:
    """A device that a host hands over without a place in the guest is on no bus."""
    address = device.child("address")
    return address is None or address.attributes.get("type") == "pci"


def _interface(device: Element, ordinal: int, record: Record) -> Element | None:
    kind = device.attributes.get("type")
    if kind == "hostdev":
        if _is_on_pci(device):
            return _stand_in(device, ordinal, record)
        return _left_out(device, ordinal, record)
    bare = _without_the_hosts_part(without(device, "source"), record)
    if not _needs_daemon(device):
        if kind != "user":
            record.tell(f"<interface type='{kind}'>", "type='user'")
        return having(bare, type="user")
    if kind != "vhostuser":
        record.tell(f"<interface type='{kind}'>", "type='vhostuser'")
    return containing(having(bare, type="vhostuser"), unconnected_socket(device))


def _without_the_hosts_part(device: Element, record: Record) -> Element:
    """The NIC without what libvirt would set on a network device of the host, too."""
    if device.child("mtu") is not None:
        record.tell("<mtu>", "the property host_mtu")
    if device.value("teaming", "type") == "transient":
        record.tell("<teaming type='transient'>", LEFT_OUT)
        return without(device, "mtu", "teaming")
    return without(device, "mtu")


def _needs_daemon(device: Element) -> bool:
    """Whether libvirt takes what is asked of a NIC only with a backend of several queues: then
    one that is not connected."""
    queues = device.value("driver", "queues") or "1"
    return queues.isdigit() and int(queues) >= _MANY_QUEUES


def _video(device: Element, ordinal: int, record: Record) -> Element:
    """One that a daemon serves, which libvirt would start."""
    driver = device.child("driver")
    if driver is None or driver.attributes.get("name") != "vhostuser":
        return device
    return _stand_in(device, ordinal, record)


def _port(device: Element, ordinal: int, record: Record) -> Element:
    del ordinal
    if device.attributes.get("type") == "null":
        return device
    record.tell(described(device), "type='null'")
    return having(device, type="null")


def _with_mtu(root: Element, whole: Element) -> Element:
    """The domain with the property that libvirt writes for an `<mtu>`, which it takes only with a
    network device of the host's (libvirt >= 8.2); `whole` still has the `<mtu>`s."""
    wanted = [nic.value("mtu", "size") for nic in _nics(whole)]
    devices = root.merged("devices")
    inside = devices.children if devices is not None else []
    names = aliases.assigned(inside, kind.family(root))
    nics = [nic for nic in inside if nic.name == "interface"]
    overrides = [
        _override(nic, names[id(nic)], size)
        for nic, size in zip(nics, wanted, strict=True)
        if size is not None
    ]
    if not overrides:
        return root
    override = Element("override", {}, root.start, overrides, prefix=PREFIX)
    attributes = {**root.attributes, f"xmlns:{PREFIX}": NAMESPACE}
    return replace(root, attributes=attributes, children=[*root.children, override])


def _with_shared_memory(root: Element) -> Element:
    """The domain with memory that a daemon could share, which libvirt wants from 11.2 on where one
    serves a NIC. What memory is made of decides nothing on PCI."""
    if all(nic.attributes.get("type") != "vhostuser" for nic in _nics(root)):
        return root
    source, access = made(root, "source", type="memfd"), made(root, "access", mode="shared")
    backing = root.child("memoryBacking") or made(root, "memoryBacking")
    shared = containing(backing, source, access)
    return replace(root, children=[*(c for c in root.children if c is not backing), shared])


def _nics(domain: Element) -> Iterator[Element]:
    """Those that are no device of the host's."""
    for devices in domain.all("devices"):
        for nic in devices.all("interface"):
            if nic.attributes.get("type") != "hostdev":
                yield nic


def _override(nic: Element, alias: str, size: str) -> Element:
    def own(name: str, /, *children: Element, **attributes: str) -> Element:
        return replace(made(nic, name, *children, **attributes), prefix=PREFIX)

    said = own("property", name="host_mtu", type="unsigned", value=size)
    return own("device", own("frontend", said), alias=alias)


Start = Callable[[Element, int, Record], Element | None]
_STARTED: Mapping[str, Start] = MappingProxyType(
    {
        "hostdev": _hostdev,
        "interface": _interface,
        "vsock": _stand_in,
        "video": _video,
        "graphics": _left_out,
        "smartcard": _left_out,
        **dict.fromkeys(("serial", "parallel", "console", "channel", "redirdev"), _port),
    }
)
