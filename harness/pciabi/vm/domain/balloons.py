"""`<memballoon>`."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.words import option, stated


def options(domain: Domain) -> Iterator[Option]:
    """A `-device` for a balloon. Raises InputError."""
    for balloon in domain.each("memballoon"):
        if balloon.attributes.get("model") != "none":
            properties = stated(
                balloon, ("driver", "virtio-balloon-pci"), ("id", domain.alias(balloon))
            )
            place = addresses.pci(domain, balloon)
            yield option("device", (*properties, *place), domain.device_form, "driver")
