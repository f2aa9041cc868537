"""Which device of a domain is which in what another libvirt made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pciabi.vm.libvirt_devices import model
from pciabi.vm.xml_tree import Element

# What of an element tells it from the others of its name. Of the rest it is the model.
_TELLING = {
    "controller": ("@type", "@index"),
    "disk": ("target@dev",),
    "interface": ("mac@address",),
    "filesystem": ("target@dir",),
    "channel": ("target@type", "target@name", "target@port"),
    "console": ("target@type", "target@port"),
    "serial": ("target@port",),
    "parallel": ("target@port",),
    "input": ("@type", "@bus"),
    "hub": ("@type",),
    "redirdev": ("@type",),
    "hostdev": ("@type",),
}
_Key = Callable[[Element], tuple[str, ...]]

# Two controllers of different numbers are two, in whatever order they stand.
_TOLD_APART = frozenset({"controller", "disk", "filesystem"})


@dataclass(frozen=True)
class DevicePairs:
    """The devices that both have, and those that only one of them has, each in its order."""

    both: tuple[tuple[Element, Element], ...]
    only_before: tuple[Element, ...]
    only_after: tuple[Element, ...]


def paired(before: Sequence[Element], after: Sequence[Element]) -> DevicePairs:
    """The devices of one XML with those of the other: first those that are told by the same
    words, one after the other; then what is left of each name in order, for both libvirts keep
    the order in which the user wrote them."""
    first, old, new = _in_order(before, after, _words)
    second, old, new = _in_order(old, new, _name)
    pairs = {id(one): (one, other) for one, other in (*first, *second)}
    in_order = tuple(pairs[id(one)] for one in before if id(one) in pairs)
    return DevicePairs(in_order, tuple(old), tuple(new))


def _in_order(
    before: Sequence[Element], after: Sequence[Element], key: _Key
) -> tuple[list[tuple[Element, Element]], list[Element], list[Element]]:
    """The pairs of equal keys, and what is left of either side."""
    waiting: dict[tuple[str, ...], list[Element]] = {}
    for element in after:
        waiting.setdefault(key(element), []).append(element)
    pairs, alone = [], []
    for element in before:
        partners = waiting.get(key(element))
        if partners:
            pairs.append((element, partners.pop(0)))
        else:
            alone.append(element)
    taken = {id(partner) for _, partner in pairs}
    return pairs, alone, [element for element in after if id(element) not in taken]


def _words(element: Element) -> tuple[str, ...]:
    paths = _TELLING.get(element.name)
    if paths is None:
        return element.name, model(element)
    return element.name, *(_value(element, path) for path in paths)


def _name(element: Element) -> tuple[str, ...]:
    return _words(element) if element.name in _TOLD_APART else (element.name,)


def _value(element: Element, path: str) -> str:
    child, _, attribute = path.partition("@")
    value = element.value(child, attribute) if child else element.attributes.get(attribute)
    return value or ""
