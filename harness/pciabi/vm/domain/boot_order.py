"""Which device is tried first: QEMU's `bootindex`.

Source: libvirt, src/qemu/qemu_process.c, qemuProcessPrepareDeviceBootorder; before 8.2 the same in
src/qemu/qemu_command.c.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pciabi.vm.domain.disk_order import in_order
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.words import Property, stated
from pciabi.vm.xml_tree import Element

WORDS = frozenset({"boot", "boot@order", "boot@loadparm"})
"""What a device's element may say of it."""
_DISK = "hd"
_OF_DISK = {"disk": _DISK, "lun": _DISK, "cdrom": "cdrom", "floppy": "fd"}
_NETWORK = "network"


def of(device: Element, by_kind: Mapping[int, Property]) -> tuple[Property, ...]:
    """`bootindex` of a device: its own `<boot order>`, or by what `<os>` says of its kind."""
    own = device.child("boot")
    if own is not None:
        return stated(own, ("bootindex", number(own, "order") or None))
    by_os = by_kind.get(id(device))
    return (by_os,) if by_os is not None else ()


def by_kind(root: Element) -> Mapping[int, Property]:
    """What `<os><boot dev>` says, by the identity of the device's element: the first disk, the
    first CD-ROM drive, the first floppy drive, the first NIC."""
    os = root.merged("os")
    boots = list(os.all("boot")) if os is not None else []
    left = {boot.attributes.get("dev", ""): (at, boot) for at, boot in enumerate(boots, 1)}
    if not left and not _devices_say(root):
        # virDomainDefBootOrderPostParse.
        left = {_DISK: (1, os or root)}
    found = {}
    for kind, device in _candidates(root):
        if kind in left:
            at, boot = left.pop(kind)
            found[id(device)] = Property("bootindex", at, boot.start)
    return found


def _devices_say(root: Element) -> bool:
    devices = root.merged("devices")
    return devices is not None and any(device.child("boot") for device in devices.children)


def _candidates(root: Element) -> Iterator[tuple[str, Element]]:
    devices = root.merged("devices")
    if devices is None:
        return
    for disk in in_order(list(devices.all("disk"))):
        yield _OF_DISK.get(disk.attributes.get("device", "disk"), ""), disk
    for interface in devices.all("interface"):
        yield _NETWORK, interface
