"""Devices libvirt adds to a domain whose XML does not write them down.

Read off libvirt 9.0's behaviour on x86: a balloon always, a USB controller where none is written,
video with graphics, and the controllers that disks, host devices and channels need. Root ports
and bridges that libvirt adds for devices without an address follow from those devices.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.vm.libvirt_devices import DeviceModel, disk_bus
from pciabi.vm.pci_vm import Family, Role
from pciabi.vm.xml_tree import Element

# As libvirt numbers targets: sdh is the first of the second SCSI controller, or port 2 of the
# second SATA controller.
_UNITS = {"scsi": 7, "sata": 6}
# No VM has more; a number a file may hold has no bounds.
_MOST = 64
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def implicit(devices: Element, family: Family) -> Iterator[tuple[DeviceModel, Element | None]]:
    """Each device that will be there and is not written, with the element that asks for it."""
    yield from _controllers(devices, family)
    if devices.child("video") is None and devices.child("graphics") is not None:
        yield DeviceModel(Role.VIDEO, "", "video"), devices.child("graphics")
    usb = [c for c in devices.all("controller") if c.attributes.get("type") == "usb"]
    # On i440fx it is PIIX3's own, which cannot land anywhere else.
    if not usb and family is Family.Q35:
        yield DeviceModel(Role.USB, "qemu-xhci", "USB controller"), None
    if devices.child("memballoon") is None:
        yield DeviceModel(Role.BALLOON, "virtio", "memballoon"), None


def _controllers(devices: Element, family: Family) -> Iterator[tuple[DeviceModel, Element | None]]:
    written = {
        (c.attributes.get("type", ""), _number(c.attributes.get("index", "0")))
        for c in devices.all("controller")
    }
    seen: set[tuple[str, int]] = set()
    for type_, highest, element in _needed(devices):
        # Of disks' controllers libvirt adds all below the one that is needed, too.
        for index in range(0 if type_ in _UNITS else highest, min(highest, _MOST) + 1):
            fixed = type_ == "sata" and index == 0 and family is Family.Q35
            if (type_, index) not in written | seen and not fixed:
                seen.add((type_, index))
                yield DeviceModel(Role.CONTROLLER, type_, f"controller {type_} {index}"), element


def _needed(devices: Element) -> Iterator[tuple[str, int, Element]]:
    for element in devices.children:
        address = element.child("address")
        index = _number(address.attributes.get("controller", "0")) if address is not None else 0
        if element.name == "disk" and disk_bus(element) in _UNITS:
            bus = disk_bus(element)
            yield bus, index if address is not None else _unit(element) // _UNITS[bus], element
        elif element.name == "hostdev" and element.attributes.get("type") == "scsi":
            yield "scsi", index, element
        elif element.name in ("channel", "console") and _is_virtio(element):
            yield "virtio-serial", index, element


def _is_virtio(element: Element) -> bool:
    default = "virtio" if element.attributes.get("type") == "spicevmc" else ""
    return (element.value("target", "type") or default) == "virtio"


def _unit(disk: Element) -> int:
    """The number behind a target's name: sda 0, sdb 1, sdaa 26."""
    number = 0
    for letter in (disk.value("target", "dev") or "")[2:]:
        if letter not in _LETTERS:
            break
        number = number * 26 + _LETTERS.index(letter) + 1
    return max(0, number - 1)


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        return 0
