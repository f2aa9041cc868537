"""`<iommu>`: Intel's, AMD's and virtio's.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildIOMMUCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number, on_or_off, switch
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Property, stated
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | {"@model", "driver", "driver@intremap", "driver@caching_mode", "driver@eim"}
    | {
        "driver@iotlb",
        "driver@aw_bits",
        "driver@dma_translation",
        "driver@xtsup",
        "driver@passthrough",
    }
)


def before_the_controllers(domain: Domain) -> Iterator[Option]:
    """A `-device` for each, of a libvirt that writes them first. Raises InputError."""
    if not domain.dialect.has(Trait.IOMMU_BEHIND_CONTROLLERS):
        yield from options(domain)


def behind_the_controllers(domain: Domain) -> Iterator[Option]:
    """A `-device` for each, of a libvirt that writes controllers first. Raises InputError."""
    if domain.dialect.has(Trait.IOMMU_BEHIND_CONTROLLERS):
        yield from options(domain)


def options(domain: Domain) -> Iterator[Option]:
    """A `-device` for each. Raises InputError."""
    for iommu in domain.each("iommu"):
        must_know(iommu, _VOCABULARY)
        model = iommu.attributes.get("model", "")
        writers = {"intel": _intel, "virtio": _virtio, "amd": _amd}
        yield from chosen(iommu, "model", model, writers)(domain, iommu)


def _intel(domain: Domain, iommu: Element) -> Iterator[Option]:
    # It is no PCI device.
    has_id = domain.dialect.has(Trait.IOMMU_ID)
    yield domain.device(
        stated(iommu, ("driver", "intel-iommu"), ("id", domain.alias(iommu) if has_id else None)),
        _of_intel(domain, iommu),
    )


def _of_intel(domain: Domain, iommu: Element) -> tuple[Property, ...]:
    driver = iommu.child("driver")
    if driver is None:
        return ()
    translates = domain.dialect.has(Trait.DMA_TRANSLATION)
    return stated(
        driver,
        ("intremap", on_or_off(driver, "intremap")),
        ("caching-mode", switch(driver, "caching_mode")),
        ("eim", on_or_off(driver, "eim")),
        ("device-iotlb", switch(driver, "iotlb")),
        ("aw-bits", number(driver, "aw_bits") or None),
        ("dma-translation", switch(driver, "dma_translation") if translates else None),
    )


def _virtio(domain: Domain, iommu: Element) -> Iterator[Option]:
    yield domain.device(
        stated(iommu, ("driver", "virtio-iommu"), ("id", domain.alias(iommu))),
        addresses.pci(domain, iommu),
    )


def _amd(domain: Domain, iommu: Element) -> Iterator[Option]:
    """The PCI function first, and then the unit that works through it."""
    domain.must_know(Trait.AMD_IOMMU, iommu, "model='amd'")
    alias = domain.alias(iommu)
    yield domain.device(
        stated(iommu, ("driver", "AMDVI-PCI"), ("id", alias)), addresses.pci(domain, iommu)
    )
    driver = iommu.child("driver") or iommu
    yield domain.device(
        stated(iommu, ("driver", "amd-iommu"), ("pci-id", alias)),
        stated(
            driver,
            ("intremap", on_or_off(driver, "intremap")),
            ("pt", switch(driver, "passthrough")),
            ("xtsup", switch(driver, "xtsup")),
            ("device-iotlb", switch(driver, "iotlb")),
        ),
    )
