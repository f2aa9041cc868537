"""Marks by which a device is found again in what libvirt makes of a domain: aliases of a user's
own, which libvirt keeps with a device whatever else it changes and however it sorts.

Source: libvirt, src/conf/domain_conf.c, virDomainDeviceInfoParseXML (`ua-…`, libvirt >= 3.9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from pciabi.vm.xml_tree import Element

USERS_OWN = "ua-"
"""How an alias of a user's own begins; others libvirt gives anew at every start."""
_OURS = "ua-pciabi-"
STAND_IN = f"{_OURS}stand-in-"
"""How the alias begins of a device that another one stands in for when the domain starts."""
_MARK = f"{_OURS}mark-"
# Behind the mark of a device that is another one already when the domain is defined.
_OTHER = "-other"
_USERS = re.compile(r"ua-[A-Za-z0-9_-]*")
# libvirt keeps no alias of these, or writes them as another device's echo.
_UNMARKED = frozenset({"emulator", "graphics", "audio", "lease", "redirfilter", "nvram", "console"})


def marked(domain: Element) -> Element:
    """The domain with a mark on each device that has no alias of its own."""
    counted = 0
    children = []
    for child in domain.children:
        if child.name != "devices":
            children.append(child)
            continue
        inside = []
        for device in child.children:
            inside.append(_with_mark(device, counted))
            counted += 1
        children.append(replace(child, children=inside))
    return replace(domain, children=children)


def unmarked(domain: Element) -> Element:
    """The domain without marks; users' own aliases stay."""
    return replace(
        domain,
        children=[
            replace(child, children=[without_mark(d) for d in child.children])
            if child.name == "devices"
            else child
            for child in domain.children
        ],
    )


def key(device: Element) -> str | None:
    """The alias by which a device is found again: its mark or the user's own; None for one that
    has none, or only repeats another's."""
    if device.name in _UNMARKED and not is_port(device):
        return None
    name = device.value("alias", "name") or ""
    if is_mark(name):
        return name.removesuffix(_OTHER)
    return name if is_users_own(name) else None


def is_users_own(name: str) -> bool:
    """Whether an alias is one that libvirt takes from a user: it has these characters alone."""
    return _USERS.fullmatch(name) is not None


def as_another(device: Element) -> Element:
    """A marked device as one that is defined in place of another kind; one with an alias of the
    user's own as it is."""
    name = device.value("alias", "name") or ""
    if not is_mark(name):
        return device
    alias = Element("alias", {"name": f"{name}{_OTHER}"}, device.start)
    return replace(device, children=[alias if c.name == "alias" else c for c in device.children])


def is_another(device: Element) -> bool:
    """Whether a device was defined in place of another kind."""
    name = device.value("alias", "name") or ""
    return is_mark(name) and name.endswith(_OTHER)


def is_ours(name: str) -> bool:
    """Whether an alias is of our making: a mark, or that of a device which stands in for one."""
    return name.startswith(_OURS)


def is_mark(name: str) -> bool:
    """Whether an alias is a mark."""
    return name.startswith(_MARK)


def known_by(device: Element) -> str:
    """What a device is called by its owner beside its kind; empty where nothing tells."""
    alias = key(device) or ""
    told = (
        alias if not is_mark(alias) else "",
        *(device.value(child, name) or "" for child, name in (("mac", "address"),)),
        device.value("target", "dev") or "",
        " ".join(_words(device)),
    )
    return next((text for text in told if text and text.isprintable() and len(text) < 80), "")


def _words(device: Element) -> Iterator[str]:
    for name in ("type", "model", "index"):
        if text := device.attributes.get(name):
            yield text


def is_port(device: Element) -> bool:
    """Whether a console is a port of its own: others repeat the first serial one."""
    return device.name == "console" and device.value("target", "type") == "virtio"


def _with_mark(device: Element, number: int) -> Element:
    if (device.name in _UNMARKED and not is_port(device)) or key(device) is not None:
        return device
    alias = Element("alias", {"name": f"{_MARK}{number}"}, device.start)
    rest = [child for child in device.children if child.name != "alias"]
    return replace(device, children=[*rest, alias])


def without_mark(device: Element) -> Element:
    """The device without its mark, if it has one."""
    name = device.value("alias", "name") or ""
    if not is_mark(name):
        return device
    return replace(device, children=[c for c in device.children if c.name != "alias"])
