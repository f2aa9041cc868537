"""A domain as those see it who write its options: the tree, the dialect, who is called what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import aliases, boot_order, own_options
from pciabi.vm.domain.dialect import Dialect, Trait, shown
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.words import Form, Property, option
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

    @cached_property
    def _boot_by_kind(self) -> Mapping[int, Property]:
        return boot_order.by_kind(self.root)

    def boot_index(self, device: Element) -> tuple[Property, ...]:
        """`bootindex` of a device. Raises InputError."""
        return boot_order.of(device, self._boot_by_kind)

    def alias(self, device: Element) -> str:
        """The id that libvirt gives a device."""
        return self._aliases[id(device)]

    def id_of(self, device: Element) -> str | None:
        """The same, None for what gets none."""
        return self._aliases.get(id(device))

    @property
    def device_form(self) -> Form:
        """How `-device` is written."""
        in_json = self.dialect.has(Trait.JSON_DEVICE) and not own_options.takes_json_away(self.root)
        return Form.JSON if in_json else Form.KEY_VALUE

    def device(self, *parts: Iterable[Property]) -> Option:
        """A `-device` of all these properties, the first of which is its driver, and of what the
        user overrides of them. Raises InputError."""
        properties = [item for part in parts for item in part]
        if self.dialect.has(Trait.OVERRIDE):
            properties = own_options.overridden(properties, self._overrides)
        return option("device", properties, self.device_form, "driver")

    def must_know(self, trait: Trait, element: Element, what: str = "") -> None:
        """Raise InputError for an element of which this libvirt knows nothing."""
        if not self.dialect.has(trait):
            words = f"<{element.name} {what}>" if what else f"<{element.name}>"
            raise InputError(
                f"{words} is nothing that libvirt {shown(self.dialect.libvirt)} knows",
                advice="name a newer libvirt, or take it out: that libvirt would",
                place=element.start,
            )

    @cached_property
    def _overrides(self) -> own_options.Overrides:
        return own_options.overrides(self.root)

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
