"""`<hostdev>`, and `<interface type='hostdev'>`: devices of the host's.

Of each no more can be known than its place; what is said of it tells one reason for that from
another.
Source: libvirt, src/qemu/qemu_command.c, qemuBuildHostdevCommandLine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, boot_order, interfaces, virtio
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number, on_or_off, switch
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Form, Property, option, stated
from pciabi.vm.libvirt_devices import own_address
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | addresses.ROM_WORDS
    | boot_order.WORDS
    | {"@mode", "@type", "@model", "@display", "@ramfb", "driver", "driver@name"}
    | {"source", "source@protocol", "source@wwpn", "source/address", "source/address/**"}
    | {"teaming", "teaming@type", "teaming@persistent"},
    {
        "@managed": "whether libvirt hands the host device over",
        "@rawio": "what the host allows its process",
        "@sgio": "what the host allows its process",
        "driver@model": "which driver of the host's it is",
        "driver@iommufd": "how the host's IOMMU is spoken to",
        "source/**": "which device of the host's it is",
        "source@writeFiltering": "what Xen lets a guest write",
        "source@startupPolicy": "what happens where the host has it not",
        "source@guestReset": "what happens to a device on USB",
        "readonly": "of a SCSI device",
        "shareable": "of a SCSI device",
    },
)
_DRIVERS = dict.fromkeys(("vfio", "default"))
_SUBSYSTEM = dict.fromkeys(("subsystem",))


def options(domain: Domain) -> Iterator[Option]:
    """A `-device` for each device of the host's; those of interfaces come first.

    Raises InputError.
    """
    for interface in domain.each("interface"):
        if interface.attributes.get("type") == interfaces.HOSTDEV:
            yield from _pci(domain, interface)
    for hostdev in domain.each("hostdev"):
        must_know(hostdev, _VOCABULARY)
        chosen(hostdev, "mode", hostdev.attributes.get("mode", "subsystem"), _SUBSYSTEM)
        kind = hostdev.attributes.get("type", "")
        yield from chosen(hostdev, "type", kind, _TYPES)(domain, hostdev)


def _pci(domain: Domain, device: Element) -> Iterator[Option]:
    address = own_address(device)
    if address is not None and address.attributes.get("type") == "unassigned":
        return
    source = device.child("source") or device
    chosen(device, "driver name", device.value("driver", "name") or "vfio", _DRIVERS, device)
    knows_display = domain.dialect.has(Trait.PCI_HOSTDEV_DISPLAY)
    has_ramfb = knows_display and bool(switch(device, "ramfb"))
    display = on_or_off(device, "display") if knows_display else None
    yield domain.device(
        stated(device, ("driver", "vfio-pci-nohotplug" if has_ramfb else "vfio-pci")),
        stated(source, ("host", _host_address(source))),
        stated(device, ("id", domain.alias(device))),
        domain.boot_index(device),
        _pair(domain, device),
        stated(device, ("display", display), ("ramfb", has_ramfb or None)),
        addresses.pci(domain, device),
        addresses.rom(device),
    )


def _host_address(source: Element) -> str:
    address = source.child("address") or source
    domain, bus, slot, function = (
        number(address, name) for name in ("domain", "bus", "slot", "function")
    )
    return f"{domain:04x}:{bus:02x}:{slot:02x}.{function:x}"


def _pair(domain: Domain, device: Element) -> tuple[Property, ...]:
    """The virtio NIC that stands in for a device of the host's while the domain moves."""
    teaming = device.child("teaming")
    if teaming is None or teaming.attributes.get("type") != "transient":
        return ()
    if device.name == "hostdev" and not domain.dialect.has(Trait.HOSTDEV_TEAMING):
        return ()
    return stated(teaming, ("failover_pair_id", teaming.attributes.get("persistent")))


def _mediated(domain: Domain, device: Element) -> Iterator[Option]:
    model = device.attributes.get("model", "")
    chosen(device, "model", model, {"vfio-pci": None})
    has_ramfb = bool(switch(device, "ramfb"))
    source = device.child("source") or device
    uuid = source.value("address", "uuid") or ""
    yield domain.device(
        stated(device, ("driver", "vfio-pci-nohotplug" if has_ramfb else model)),
        stated(device, ("id", domain.alias(device))),
        stated(source, ("sysfsdev", f"/sys/bus/mdev/devices/{uuid}")),
        stated(
            device,
            ("display", on_or_off(device, "display") or "off"),
            ("ramfb", has_ramfb or None),
        ),
        domain.boot_index(device),
        addresses.pci(domain, device),
    )


def _scsi_host(domain: Domain, device: Element) -> Iterator[Option]:
    source = device.child("source") or device
    yield domain.device(
        virtio.driver("vhost-scsi", device, device, device.attributes.get("model", "virtio")),
        stated(source, ("wwpn", source.attributes.get("wwpn"))),
        stated(device, ("id", domain.alias(device))),
        addresses.pci(domain, device),
    )


def _usb(domain: Domain, device: Element) -> Iterator[Option]:
    yield domain.device(
        stated(device, ("driver", "usb-host"), ("id", domain.alias(device))),
        domain.boot_index(device),
        addresses.off_pci(domain, device),
    )


def _scsi(domain: Domain, device: Element) -> Iterator[Option]:
    alias = domain.alias(device)
    node = f"libvirt-{alias}-backend"
    read_only = device.child("readonly") is not None
    backend = stated(
        device, ("driver", "host_device"), ("node-name", node), ("read-only", read_only)
    )
    yield option("blockdev", backend, Form.JSON, "driver")
    yield domain.device(
        stated(device, ("driver", "scsi-generic"), ("drive", node), ("id", alias)),
        domain.boot_index(device),
        addresses.off_pci(domain, device),
    )


_TYPES: Mapping[str, Callable[[Domain, Element], Iterator[Option]]] = MappingProxyType(
    {
        "pci": _pci,
        "mdev": _mediated,
        "scsi_host": _scsi_host,
        "usb": _usb,
        "scsi": _scsi,
    }
)
