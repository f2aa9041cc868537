"""Tables of what may stand in an element of a domain, and the sieve that goes by them.

A table has a line for each path below the element: `driver: cache queues` keeps two attributes of
`<driver>`, `: type` is of the element itself, `serial: #` keeps an element's text and `readonly:`
its mere presence. A star (`#*`, `dir*`) allows any printable text; without one a value is a single
word, which cannot hold a path, a quotation or several values. A path of what is left out stands for
everything below it where no attributes are named: `source`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from pciabi.errors import InputError
from pciabi.libvirt.inert.record import Record
from pciabi.vm import placeholder
from pciabi.vm.xml_tree import Element

_TEXT = "#"
_WORD = re.compile(r"[A-Za-z0-9_.:+-]{0,128}")
# Spaces in a size (`512 MiB`) and sets of numbers (`0-3,^2`) are harmless too.
_NUMBERS = re.compile(r"[0-9 ,^-]{0,1024}")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]{0,1024}")
_MOST_SHOWN = 40


@dataclass(frozen=True)
class AllowList:
    """What stays and what is left out of an element, by path and name; all else is refused.

    `kept` has for each path the names that stay and whether any text may follow each. `left_out`
    has for each path the names that go, or no names where all of it goes.
    """

    kept: Mapping[str, Mapping[str, bool]]
    left_out: Mapping[str, frozenset[str]]

    def keeps(self, path: str) -> bool:
        """Whether an element at that path stays, be it for what is in it."""
        return path in self.kept or any(other.startswith(f"{path}/") for other in self.kept)

    def leaves_out(self, path: str) -> bool:
        """Whether everything at that path goes."""
        return path in self.left_out and not self.left_out[path]


@cache
def allow(kept: str, left_out: str = "") -> AllowList:
    """An allow-list of its two tables."""
    stays = {
        path: {name.rstrip("*"): name.endswith("*") for name in names}
        for path, names in _rows(kept).items()
    }
    goes = {path: frozenset(names) for path, names in _rows(left_out).items()}
    return AllowList(stays, goes)


def _rows(table: str) -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, table.splitlines())):
        path, _, names = line.partition(":")
        rows.setdefault(path.strip(), []).extend(names.split())
    return rows


def sift(element: Element, allowed: AllowList, record: Record) -> Element:
    """The element with what may stay, the rest taken down.

    Raises InputError at the first thing the list does not have, by name.
    """
    return _sifted(element, "", allowed, record)


def _sifted(element: Element, path: str, allowed: AllowList, record: Record) -> Element:
    if element.prefix:
        raise refused(element, "is of another namespace")
    kept, left_out = allowed.kept.get(path, {}), allowed.left_out.get(path, frozenset())
    attributes = {}
    for name, value in element.attributes.items():
        if name in kept:
            attributes[name] = _safe(element, name, value, is_free=kept[name])
        elif name in left_out:
            record.tell(_shown(element, name))
        else:
            raise refused(element, f"{name}= is not known to be harmless to the host")
    children = []
    for child in element.children:
        below = f"{path}/{child.name}" if path else child.name
        if allowed.leaves_out(below):
            record.tell(_shown(child))
        elif allowed.keeps(below):
            children.append(_sifted(child, below, allowed, record))
        else:
            raise refused(child, "is not known to be harmless to the host", inside=element)
    text = ""
    if _TEXT in kept:
        text = _safe(element, "the text", element.text.strip(), is_free=kept[_TEXT])
    return replace(element, attributes=attributes, children=children, text=text)


def refused(element: Element, what: str, inside: Element | None = None) -> InputError:
    """The error for what no libvirt is told of."""
    folder = f"<{inside.name}>" if inside is not None else ""
    return InputError(
        f"{folder}<{element.name}>: {what}",
        advice="pciabi gives a libvirt nothing of a domain that it does not know",
        place=element.start,
    )


def _safe(element: Element, name: str, value: str, *, is_free: bool) -> str:
    patterns = (_PRINTABLE,) if is_free else (_WORD, _NUMBERS)
    if not any(pattern.fullmatch(value) for pattern in patterns):
        if open_part := placeholder.find(value):
            raise placeholder.unrendered(open_part, element.start)
        shown = ascii(value[:_MOST_SHOWN])
        raise refused(element, f"{name} is {shown}, and one plain word is wanted")
    return value


def _shown(element: Element, attribute: str = "") -> str:
    """What is left out, by name: its values may be secret, but for the words that tell its kind."""
    if attribute:
        return f"<{element.name} {attribute}=>"
    return described(element)


def described(element: Element) -> str:
    """An element by its name and the attributes that tell of which kind it is."""
    told = (
        f" {name}='{element.attributes[name]}'"
        for name in ("type", "model", "mode", "protocol")
        if _WORD.fullmatch(element.attributes.get(name, "/"))
    )
    return f"<{element.name}{''.join(told)}>"
