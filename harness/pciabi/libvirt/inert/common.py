"""What the treatments of devices share: rows for every device, names of nothing, new elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pciabi.libvirt.inert.allow_list import AllowList, allow
from pciabi.libvirt.inert.record import Record
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element

NOWHERE = "/nonexistent"
"""A folder that no Debian has, by its policy (section 9.2.3); what is not there is not opened."""
NOTHING = "pciabi"
"""What a network, a bridge, a pool is called that is not there."""
NO_HOST = "192.0.2.1"
"""An address that no host has: RFC 5737."""

_EVERY_DEVICE = """
address: type domain bus slot function multifunction controller target unit port reg base iobase irq
alias: name
acpi: index
boot: order loadparm
rom: bar enabled
"""
VIRTIO = "iommu ats packed page_per_vq"
"""Attributes of `<driver>` that become properties of any virtio device."""


@dataclass(frozen=True)
class Turn:
    """One element's turn to be made inert: as it is written, where it stands among all devices of
    the domain, the record to tell, and the family of the domain's PCI."""

    element: Element
    ordinal: int
    record: Record
    family: Family


Finish = Callable[[Element, Turn], Element | None]


def _as_it_is(kept: Element, turn: Turn) -> Element:
    del turn
    return kept


@dataclass(frozen=True)
class Treatment:
    """How one kind of element is made inert: what may stay (None for whatever there is, of which
    nothing does), and what is put in the place of the rest; None where nothing of it stays."""

    allowed: AllowList | None
    finish: Finish = _as_it_is


def device(kept: str, left_out: str = "", finish: Finish = _as_it_is) -> Treatment:
    """A treatment by the tables of what is particular to it."""
    return Treatment(allow(kept + _EVERY_DEVICE, left_out), finish)


def child_of_domain(kept: str, left_out: str = "", finish: Finish = _as_it_is) -> Treatment:
    """A treatment of a child of `<domain>`."""
    return Treatment(allow(kept, left_out), finish)


def whole(finish: Finish) -> Treatment:
    """A treatment of an element of which nothing stays, whatever is in it."""
    return Treatment(None, finish)


def made(like: Element, name: str, /, *children: Element, **attributes: str) -> Element:
    """A new element that stands where another does."""
    return Element(name, attributes, like.start, list(children), last_line=like.last_line)


def having(element: Element, /, **attributes: str) -> Element:
    """The element with attributes set."""
    return replace(element, attributes={**element.attributes, **attributes})


def lacking(element: Element, *attributes: str) -> Element:
    """The element without these attributes."""
    left: Mapping[str, str] = {k: v for k, v in element.attributes.items() if k not in attributes}
    return replace(element, attributes=left)


def containing(element: Element, *children: Element) -> Element:
    """The element with these children instead of those of the same names."""
    names = {child.name for child in children}
    rest = [child for child in element.children if child.name not in names]
    return replace(element, children=[*children, *rest])


def without(element: Element, *names: str) -> Element:
    """The element without children of these names."""
    return replace(element, children=[c for c in element.children if c.name not in names])
