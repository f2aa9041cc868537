"""What a domain hands to QEMU behind libvirt's back: arguments, environment, properties.

Arguments reach no libvirt: it puts them at the end of the command line as they are, and whoever
reads that line adds them there (`pciabi.vm.domain`), to be made safe by `pciabi.qemu.inert`. An
environment would be that of any program libvirt starts (`LD_PRELOAD`), so none stays. Capabilities
and properties are words and numbers that decide how libvirt writes its own options.
"""

from __future__ import annotations

from pciabi.libvirt.inert.allow_list import allow, refused, sift
from pciabi.libvirt.inert.record import Record
from pciabi.vm.xml_tree import Element

NAMESPACE = "http://libvirt.org/schemas/domain/qemu/1.0"
PREFIX = "qemu"
_CAPABILITIES = allow("add: capability\ndel: capability")
_OVERRIDE = allow("device: alias\ndevice/frontend/property: name type value")


def own(child: Element, domain: Element) -> bool:
    """Whether a child of a domain is in QEMU's namespace, as libvirt sees it."""
    name = f"xmlns:{child.prefix}" if child.prefix else "xmlns"
    return child.attributes.get(name, domain.attributes.get(name)) == NAMESPACE


def inert(child: Element, record: Record) -> Element | None:
    """An element of QEMU's namespace without what would act on the host. Raises InputError."""
    match child.name:
        case "commandline":
            for kind in sorted({element.name for element in child.children}):
                record.tell(f"<qemu:commandline><qemu:{kind}>")
            return None
        case "deprecation":
            return None
        case "capabilities":
            return _prefixed(sift(_plain(child), _CAPABILITIES, record))
        case "override":
            return _prefixed(sift(_plain(child), _OVERRIDE, record))
    raise refused(child, "is not known to be harmless to the host")


def _plain(element: Element) -> Element:
    attributes = {k: v for k, v in element.attributes.items() if k.partition(":")[0] != "xmlns"}
    inside = [_plain(child) for child in element.children]
    return Element(element.name, attributes, element.start, inside, element.text, element.last_line)


def _prefixed(element: Element) -> Element:
    inside = [_prefixed(child) for child in element.children]
    return Element(
        element.name,
        element.attributes,
        element.start,
        inside,
        last_line=element.last_line,
        prefix=PREFIX,
    )
