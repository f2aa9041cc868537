"""A user's own domain with everything that a libvirt allocated, added and chose when it defined it.

What is new stands, as far as anybody can say, where the user's element stands that it belongs to,
or where `<devices>` begins; so whoever reads the completed domain speaks of the user's file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pciabi.errors import CannotTest
from pciabi.vm.domain import marks
from pciabi.vm.libvirt_devices import model
from pciabi.vm.pci_vm import Span
from pciabi.vm.xml_tree import Element

# What libvirt chooses for a user: attributes of the element itself, and children.
_CHOSEN = ("model", "bus", "index")
_CHOSEN_CHILDREN = ("address", "mac", "model", "target", "master")
_PLACE = ("domain", "bus", "slot", "function")
# libvirt keeps no mark with these. They are on no bus, and added once where there is none.
_SINGLE = frozenset({"audio", "console", "nvram"})
# Of these a domain has one at most, and some libvirts keep no alias of them.
_ALONE = frozenset({"memballoon", "iommu"})
# The model of a device that is not there; of a controller libvirt keeps no mark then.
_NOTHING = "none"
_NEVER_ADDED = frozenset({"emulator", "graphics", "lease", "redirfilter"})


def completed(domain: Element, defined: Element) -> Element:
    """The domain completed by what a libvirt defined: `defined` is what it made of the inert form
    of that domain (`pciabi.libvirt.inert.definable`), in which every device carries a mark.

    Raises CannotTest where a device cannot be found again, or is not where the user pinned it.
    """
    there = _by_key(defined)
    devices = []
    for device, with_mark in zip(_devices(domain), _devices(marks.marked(domain)), strict=True):
        key = _key(with_mark)
        known = there.pop(key, None) if key is not None else None
        devices.append(_filled(device, known) if known is not None else _left(device, key))
    begin = _begin(domain)
    for key, device in there.items():
        if device.name not in _ALONE:
            raise CannotTest(
                f"libvirt has a <{device.name}> of the alias {key}, as no device of the domain has",
                place=begin.start,
            )
    written = {device.name for device in devices}
    devices += [
        _at(marks.without_mark(device), begin)
        for device in _devices(defined)
        if _is_added(device, written)
    ]
    return _with_devices(domain, devices, begin)


def _by_key(defined: Element) -> dict[str, Element]:
    there: dict[str, Element] = {}
    for device in _devices(defined):
        key = _key(device)
        if key is not None and key in there:
            raise CannotTest(f"libvirt gave two devices the alias {key}", place=device.start)
        if key is not None:
            there[key] = device
    return there


def _key(device: Element) -> str | None:
    """By what a device is known in both: its alias, or its kind where a domain has one at most."""
    return device.name if device.name in _ALONE else marks.key(device)


def _devices(domain: Element) -> Iterator[Element]:
    for devices in domain.all("devices"):
        yield from devices.children


def _begin(domain: Element) -> Span:
    devices = domain.child("devices") or domain
    return Span(devices.start, devices.start.line)


def _is_added(device: Element, written: set[str]) -> bool:
    if device.name in _NEVER_ADDED or model(device) == _NOTHING:
        return False
    if marks.key(device) is not None:
        return False
    return device.name not in _SINGLE | _ALONE or device.name not in written


def _left(device: Element, key: str | None) -> Element:
    """A device as it is: one that libvirt does not mark, or was not told of as it is on no bus."""
    if key is None or device.name in _UNTOLD or model(device) == _NOTHING:
        return device
    raise CannotTest(
        f"<{device.name}> is not in what libvirt made of the domain: that release may not know it",
        place=device.start,
    )


# Of these some kinds are left out of what libvirt sees; none of those is on PCI.
_UNTOLD = frozenset({"input", "memory", "lease", "redirfilter", "tpm"})


def _filled(device: Element, defined: Element) -> Element:
    attributes = dict(device.attributes)
    for name in _CHOSEN:
        if name in defined.attributes:
            attributes[name] = defined.attributes[name]
    children = [_filled_child(child, device, defined) for child in device.children]
    there = {child.name for child in children}
    children += [
        _at(child, device.span)
        for child in defined.children
        if child.name in _CHOSEN_CHILDREN and child.name not in there
    ]
    return replace(device, attributes=attributes, children=children)


def _filled_child(child: Element, device: Element, defined: Element) -> Element:
    known = defined.child(child.name)
    if child.name not in _CHOSEN_CHILDREN or known is None or device.child(child.name) is not child:
        return child
    if child.name == "address":
        return _address(child, known)
    inside = list(child.children)
    there = {one.name for one in inside}
    inside += [_at(one, child.span) for one in known.children if one.name not in there]
    return replace(child, attributes={**child.attributes, **known.attributes}, children=inside)


def _address(written: Element, known: Element) -> Element:
    """The address libvirt gave; the user's where that says so much."""
    if known.attributes.get("type") == "pci":
        user, libvirts = _numbers(written.attributes), _numbers(known.attributes)
        pins = any(user[: _PLACE.index("function")])
        if pins and user != libvirts:
            raise CannotTest(
                f"libvirt gives a device another address ({known.attributes}) than is written",
                place=written.start,
            )
        if not pins:
            return replace(written, attributes=dict(known.attributes))
        return replace(written, attributes={**known.attributes, **written.attributes})
    return replace(written, attributes={**written.attributes, **known.attributes})


def _numbers(attributes: Mapping[str, str]) -> tuple[int, ...]:
    return tuple(_number(attributes.get(name, "0")) for name in _PLACE)


def _number(text: str) -> int:
    try:
        return int(text, 16) if text.lower().startswith("0x") else int(text or "0")
    except ValueError:
        return -1


def _at(element: Element, span: Span) -> Element:
    """A new element that stands there, for it is in no text of the user's."""
    inside = [_at(child, span) for child in element.children]
    return Element(
        element.name,
        element.attributes,
        span.start,
        inside,
        element.text,
        span.last_line,
        prefix=element.prefix,
    )


def _with_devices(domain: Element, devices: list[Element], begin: Span) -> Element:
    rest = [child for child in domain.children if child.name != "devices"]
    own = domain.child("devices")
    if own is not None:
        return replace(domain, children=[*rest, replace(own, children=devices)])
    made = Element("devices", {}, begin.start, devices, last_line=begin.last_line)
    return replace(domain, children=[*rest, made])
