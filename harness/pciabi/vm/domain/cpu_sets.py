"""Sets of processors as a domain writes them: `0-3,8,^2`.

Source: libvirt, src/util/virbitmap.c, virBitmapParse and virBitmapFormat.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from pciabi.errors import InputError
from pciabi.vm.xml_tree import Element

# libvirt has no larger bitmap for processors: VIR_DOMAIN_CPUMASK_LEN.
_MOST = 16384
_PART = re.compile(r"(\^?)(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)


def ranges(element: Element, attribute: str) -> Iterator[str]:
    """The set of an attribute as its ranges in order, `0-1` and `3`; none where it is not
    written. Raises InputError."""
    return _written(sorted(_members(element, attribute)))


def _members(element: Element, attribute: str) -> set[int]:
    text = re.sub(r"\s", "", element.attributes.get(attribute, ""))
    members: set[int] = set()
    for part in filter(None, text.split(",")):
        match = _PART.fullmatch(part)
        first = int(match[2]) if match is not None else _MOST
        last = int(match[3] or first) if match is not None else _MOST
        if match is None or not first <= last < _MOST:
            raise InputError(
                f"<{element.name}>: {attribute}='{text[:40]}' is no set of processors",
                place=element.start,
            )
        span = range(first, last + 1)
        members = members.difference(span) if match[1] else members.union(span)
    return members


def size(element: Element, attribute: str) -> int:
    """How many processors are in the set of an attribute. Raises InputError."""
    return len(_members(element, attribute))


def _written(members: Iterable[int]) -> Iterator[str]:
    # What runs on has the same distance to its rank.
    for _, run in groupby(enumerate(members), key=lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in run]
        first, last = numbers[0], numbers[-1]
        yield str(first) if first == last else f"{first}-{last}"
