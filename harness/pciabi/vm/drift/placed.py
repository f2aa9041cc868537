"""A domain as a libvirt stores it, with its places in the user's file."""

from __future__ import annotations

from dataclasses import replace

from pciabi.vm.domain import marks
from pciabi.vm.pci_vm import Span
from pciabi.vm.xml_tree import Element


def placed(defined: Element, domain: Element) -> Element:
    """What a libvirt made of a user's domain, in which every device carries a mark: each device
    stands where the user's does, one that was added where `<devices>` begins, and any other
    element where the user's of its name does, or else the domain."""
    devices = domain.child("devices") or domain
    spans = {
        key: device.span
        for child in marks.marked(domain).all("devices")
        for device in child.children
        if (key := marks.key(device)) is not None
    }
    begin = Span(devices.start, devices.start.line)
    children = []
    for child in defined.children:
        if child.name == "devices":
            inside = [_at(one, spans.get(marks.key(one) or "", begin)) for one in child.children]
            children.append(_moved(child, begin, inside))
        else:
            own = domain.child(child.name)
            children.append(_at(child, own.span if own is not None else domain.span))
    return _moved(defined, domain.span, children)


def _at(element: Element, span: Span) -> Element:
    return _moved(element, span, [_at(child, span) for child in element.children])


def _moved(element: Element, span: Span, children: list[Element]) -> Element:
    return replace(element, start=span.start, last_line=span.last_line, children=children)
