"""libvirt domain XML: one domain, several, or one inside a status, snapshot or backup wrapper."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from pciabi.vm import xml_tree
from pciabi.vm.formats import Format, Source
from pciabi.vm.pci_vm import Creation, Family, PciBus, PciDevice, PciVm, Pinning, Place, Role
from pciabi.vm.xml_tree import Element

_REMEDY = "give it <address type='pci' domain='0x0000' bus='…' slot='…' function='0x0'/>"


def detects(source: Source) -> bool:
    """XML with a domain in it."""
    return source.text.lstrip("\ufeff \t\r\n").startswith("<") and "<domain" in source.text


def read(source: Source) -> tuple[PciVm, ...]:
    """Every domain. Raises InputError."""
    return tuple(_vm(domain) for domain in xml_tree.read(source.file, source.text).below("domain"))


def _vm(domain: Element) -> PciVm:
    name = domain.child("name")
    return PciVm(
        name=name.text.strip() if name is not None else "",
        family=Family.I440FX,
        machine=None,
        machine_span=domain.span,
        devices=tuple(_devices(domain)),
        buses=(PciBus("0", range(1, 32), hotplug=True, root=True),),
        built_in=MappingProxyType({}),
        creation=Creation.AFTER_PINNED,
        remedy=_REMEDY,
    )


def _devices(domain: Element) -> Iterator[PciDevice]:
    for devices in domain.all("devices"):
        for element in devices.all("interface"):
            address = element.child("address")
            pinned = address is not None and "slot" in address.attributes
            yield PciDevice(
                name=f"interface {element.value('mac', 'address') or ''}".strip(),
                driver=element.value("model", "type") or "",
                role=Role.NIC,
                pinning=Pinning.PINNED if pinned else Pinning.UNPINNED,
                span=element.span,
                place=Place("0", int(address.attributes["slot"], 0))
                if address and pinned
                else None,
            )


FORMAT = Format(
    name="libvirt",
    title="libvirt domain XML",
    endings=(".xml",),
    rank=50,
    detects=detects,
    read=read,
    comment="<!-- pciabi: ignore unpinned-nic reason -->",
)
