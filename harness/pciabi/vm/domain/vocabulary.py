"""Which elements and attributes of a domain a translation knows. The rest is refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from pciabi.errors import InputError
from pciabi.vm import placeholder
from pciabi.vm.xml_tree import Element

_T = TypeVar("_T")
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Vocabulary:
    """What may stand in an element, by paths below it: `@type`, `mac@address`, `driver@queues`,
    `source` (an element's presence or text); `source/**` is all below, attributes included.

    `known` is what the translation looks at. `harmless` is what makes no difference to any PCI
    fact, each with the reason why.
    """

    known: frozenset[str]
    harmless: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    def covers(self, path: str) -> bool:
        """Whether a path may stand there."""
        if path in self.known or path in self.harmless:
            return True
        folders = [path]
        while "/" in folders[-1] or "@" in folders[-1]:
            cut = max(folders[-1].rfind("/"), folders[-1].rfind("@"))
            folders.append(folders[-1][:cut])
        wholes = {f"{folder}/**" for folder in folders if folder} | {"**"}
        return bool(wholes & self.known) or bool(wholes & self.harmless.keys())


def must_know(element: Element, vocabulary: Vocabulary) -> None:
    """Raise InputError at the first thing in an element that its vocabulary does not cover, or
    that is a placeholder of a template."""
    for path, value, at in _said(element, ""):
        if open_part := placeholder.find(value):
            raise placeholder.unrendered(open_part, at.start)
        if not vocabulary.covers(path):
            raise unknown(element, _shown(path, value), at)


def chosen(
    element: Element, what: str, word: str, table: Mapping[str, _T], at: Element | None = None
) -> _T:
    """What a table says of a word. Raises InputError where the word is not in it."""
    if word not in table:
        raise unknown(element, f"{what}='{word[:40]}'", at)
    return table[word]


def missing(element: Element, what: str, instead: str = "") -> InputError:
    """The error for what libvirt would write itself once the domain is defined."""
    or_state = f", or state {instead}" if instead else ""
    return InputError(
        f"<{element.name}> {what}",
        advice="give the XML that `virsh dumpxml` shows once the domain is defined" + or_state,
        place=element.start,
    )


def unknown(element: Element, what: str = "", at: Element | None = None) -> InputError:
    """The error for an element that is not known, or for something in it."""
    words = f"<{element.name}>: {what}" if what else f"<{element.name}>"
    return InputError(
        f"{words} is not known to pciabi's translation of domains",
        advice="start the domain paused and give its /proc/PID/cmdline, or its log",
        place=(at or element).start,
    )


def _said(element: Element, path: str) -> Iterator[tuple[str, str, Element]]:
    for name, value in element.attributes.items():
        yield f"{path}@{name}", value, element
    for child in element.children:
        below = f"{path}/{child.name}" if path else child.name
        yield below, child.text.strip(), child
        yield from _said(child, below)


def _shown(path: str, value: str) -> str:
    folder, at, name = path.rpartition("@")
    inside = f"<{folder.replace('/', '><')}> " if folder else ""
    return f"{inside}{name}='{value[:40]}'" if at else f"<{path.replace('/', '><')}>"
