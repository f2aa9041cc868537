"""Where a domain's element says that its device sits, in QEMU's words.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildDeviceAddressProps.
"""

from __future__ import annotations

from pciabi.errors import InputError
from pciabi.vm.domain.context import Domain, number, switch
from pciabi.vm.domain.words import Property, stated
from pciabi.vm.libvirt_devices import own_address
from pciabi.vm.xml_tree import Element


def pci(domain: Domain, device: Element) -> tuple[Property, ...]:
    """`bus`, `addr`, `multifunction` and `acpi-index` of a device. Raises InputError where no PCI
    address is written."""
    address = own_address(device)
    if address is None or not {"slot", "bus"} & address.attributes.keys():
        raise InputError(
            f"<{device.name}> has no PCI address: libvirt would give it one",
            advice="give the XML that `virsh dumpxml` shows once the domain is defined",
            place=device.start,
        )
    slot, function = number(address, "slot"), number(address, "function")
    bus = domain.controller("pci", number(address, "bus"), device)
    place = f"{slot:#x}.{function:#x}" if function else f"{slot:#x}"
    acpi = device.child("acpi")
    index = number(acpi, "index") if acpi is not None else 0
    return stated(
        address,
        ("bus", domain.alias(bus)),
        ("multifunction", switch(address, "multifunction")),
        ("addr", place),
        ("acpi-index", index or None),
    )
