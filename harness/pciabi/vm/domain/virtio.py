"""What the virtio devices of a domain have in common: their driver's name and `<driver>`.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildVirtioDevGetConfig and qemuBuildVirtioDevProps.
"""

from __future__ import annotations

from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import switch
from pciabi.vm.domain.vocabulary import chosen
from pciabi.vm.domain.words import Property, stated
from pciabi.vm.xml_tree import Element

_SUFFIX = {
    "virtio": "",
    "virtio-transitional": "-transitional",
    "virtio-non-transitional": "-non-transitional",
}
MODELS = frozenset(_SUFFIX)
"""What a domain calls the forms of a virtio device."""

DRIVER_OPTIONS = frozenset(
    {"driver", "driver@iommu", "driver@ats", "driver@packed", "driver@page_per_vq"}
)
"""What the `<driver>` of every virtio device may say."""


def driver(base: str, device: Element, place: Element, model: str) -> tuple[Property, ...]:
    """QEMU's driver: `virtio-net` of a model `virtio-transitional` is
    virtio-net-pci-transitional. `place` has the model. Raises InputError."""
    suffix = chosen(device, "model", model, _SUFFIX, place)
    return stated(place, ("driver", f"{base}-pci{suffix}"))


def options(domain: Domain, device: Element) -> tuple[Property, ...]:
    """The properties that `<driver>` states of any virtio device. Raises InputError."""
    found = device.child("driver")
    if found is None:
        return ()
    per_queue = switch(found, "page_per_vq") if domain.dialect.has(Trait.PAGE_PER_VQ) else None
    return stated(
        found,
        ("iommu_platform", switch(found, "iommu")),
        ("ats", switch(found, "ats")),
        ("packed", switch(found, "packed")),
        ("page-per-vq", per_queue),
    )
