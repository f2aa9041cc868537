"""How far the numbers in a domain may reach.

For one device on controller 50,000,000 a libvirt adds every controller below that one, or room for
as many PCI buses: gigabytes and minutes, before it refuses the domain. What lies beyond `MOST` is
refused here, at once.

Source: libvirt, src/conf/domain_conf.c, virDomainDefAddDiskControllersForType;
src/qemu/qemu_domain_address.c, qemuDomainPCIAddressSetCreate.
"""

from __future__ import annotations

from pciabi.errors import InputError
from pciabi.vm.domain import disk_places
from pciabi.vm.domain.numbers import number
from pciabi.vm.libvirt_devices import own_address
from pciabi.vm.xml_tree import Element

MOST = 9_999
"""The last controller or bus that a libvirt is told of: far more than it finds PCI slots for."""


def check(device: Element) -> None:
    """Raise InputError for a device that no domain has room for, or whose number is none."""
    if device.name == "controller":
        _check(device, "index", number(device, "index"))
    address = own_address(device)
    if address is not None:
        for name in ("controller", "bus"):
            _check(address, name, number(address, name))
    elif device.name == "disk" and device.value("target", "dev"):
        place = disk_places.place(device)
        if place is not None:
            _check(device, "the controller of its target", place.controller)


def _check(element: Element, name: str, value: int) -> None:
    if value > MOST:
        raise InputError(
            f"<{element.name}>: {name} is {value}, and no domain has room for more than {MOST}",
            place=element.start,
        )
