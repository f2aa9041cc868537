"""Where in a domain's XML the element stands that libvirt complains of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pciabi.errors import SourcePosition
from pciabi.vm.xml_tree import Element

# libvirt quotes names and values of the XML, and writes PCI addresses without quotes.
_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"|<([a-zA-Z][\w-]*)")
_PCI = re.compile(r"\b([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])\b", re.ASCII)
_OURS = "emulator"
_PCI_PARTS = ("domain", "bus", "slot", "function")
_HEAD = re.compile(r"Failed to (?:define|start|create) domain\b.*")


def words(complaint: str) -> str:
    """libvirt's complaint in one line, without what virsh puts in front."""
    lines = [line.strip() for line in complaint.splitlines()]
    return "; ".join(line for line in lines if line and not _HEAD.fullmatch(line))


def place(text: str, domain: Element) -> SourcePosition:
    """Where the element stands that a complaint is about; where the domain does if that cannot be
    told, because nothing or more than one element is named by what it quotes."""
    named = [[*_with_address(match, domain)] for match in _PCI.finditer(text)]
    quoted = [next(filter(None, match.groups())) for match in _QUOTED.finditer(text)]
    for tell in (_with_value, _with_name):
        named += [[*tell(word, domain)] for word in quoted]
    alone = [elements[-1] for elements in named if len(elements) == 1]
    return alone[0].start if alone else domain.start


def _with_value(word: str, domain: Element) -> Iterator[Element]:
    """The elements that have a value or a text."""
    for element in _all(domain):
        if word in element.attributes.values() or word == element.text.strip():
            yield element


def _with_name(word: str, domain: Element) -> Iterator[Element]:
    """The elements of that name, or with an attribute of it."""
    for element in _all(domain):
        if word == element.name or word in element.attributes:
            yield element


def _with_address(match: re.Match[str], domain: Element) -> Iterator[Element]:
    """The devices at a PCI address of the guest's; of several at one place the last, which is the
    one that is too many."""
    asked = tuple(int(part, 16) for part in match.groups())
    found = [
        child
        for devices in domain.all("devices")
        for child in devices.children
        for address in child.all("address")
        if address.attributes.get("type") == "pci" and _numbers(address) == asked
    ]
    yield from found[-1:]


def _numbers(address: Element) -> tuple[int, ...] | None:
    try:
        return tuple(int(address.attributes.get(part, "0"), 0) for part in _PCI_PARTS)
    except ValueError:
        return None


def _all(domain: Element) -> Iterator[Element]:
    waiting = [domain]
    while waiting:
        element = waiting.pop()
        # Of the emulator, which is ours, every second complaint speaks.
        if element.name != _OURS:
            yield element
        waiting.extend(reversed(element.children))
