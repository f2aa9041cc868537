"""A domain as those see it who write its options: the tree, the dialect, who is called what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pciabi.errors import InputError
from pciabi.vm.domain import aliases
from pciabi.vm.domain.dialect import Dialect, Trait
from pciabi.vm.domain.words import Form
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element


@dataclass(frozen=True)
class Domain:
    """A `<domain>` whose PCI addresses are all written, to be written in a dialect."""

    root: Element
    family: Family
    dialect: Dialect

    @cached_property
    def devices(self) -> tuple[Element, ...]:
        """The children of `<devices>`, in order."""
        merged = self.root.merged("devices")
        return tuple(merged.children) if merged is not None else ()

    def each(self, name: str) -> Iterator[Element]:
        """The devices of that element's name, in order."""
        return (device for device in self.devices if device.name == name)

    @cached_property
    def _aliases(self) -> Mapping[int, str]:
        return aliases.assigned(self.devices, self.family)

    def alias(self, device: Element) -> str:
        """The id that libvirt gives a device."""
        return self._aliases[id(device)]

    @property
    def device_form(self) -> Form:
        """How `-device` is written."""
        return Form.JSON if self.dialect.has(Trait.JSON_DEVICE) else Form.KEY_VALUE

    def controller(self, kind: str, index: int, asked_by: Element) -> Element:
        """The controller of that type and index. Raises InputError where none is written."""
        for element in self.each("controller"):
            written = element.attributes
            if written.get("type") == kind and number(element, "index") == index:
                return element
        raise InputError(
            f"<{asked_by.name}>: there is no controller type='{kind}' index='{index}'",
            place=asked_by.start,
        )


def number(element: Element, attribute: str, default: int = 0) -> int:
    """An attribute's number, in C's notations: 10, 0xa, 012. Raises InputError."""
    text = element.attributes.get(attribute, "").strip()
    if not text:
        return default
    try:
        digits = text.lower()
        octal = len(digits) > 1 and digits.startswith("0") and digits[1:].isdigit()
        return int(digits, 8 if octal else 0)
    except ValueError:
        raise InputError(
            f"<{element.name}>: {attribute}='{text[:40]}' is not a number", place=element.start
        ) from None


def switch(element: Element | None, attribute: str) -> bool | None:
    """An attribute that says on or off (yes or no), None where it is not there.

    Raises InputError for another word.
    """
    text = element.attributes.get(attribute) if element is not None else None
    if element is None or text is None:
        return None
    if text in ("on", "yes"):
        return True
    if text in ("off", "no"):
        return False
    raise InputError(
        f"<{element.name}>: {attribute}='{text[:40]}' is neither on nor off", place=element.start
    )
