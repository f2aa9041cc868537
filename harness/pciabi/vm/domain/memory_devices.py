"""`<memory>` devices: DIMMs, NVDIMMs, virtio-mem, virtio-pmem.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildMemoryDeviceProps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, memory, memory_backends, virtio
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.sizes import in_bytes
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Property, stated
from pciabi.vm.xml_tree import Element

_HOST = "how the host treats memory"
_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | virtio.DRIVER_OPTIONS
    | {"@model", "@access", "uuid", "source", "source/path", "target", "target/node"}
    | {f"target/{name}{unit}" for name in ("size", "block", "requested") for unit in ("", "@unit")}
    | {"target/label", "target/label/size", "target/label/size@unit", "target/readonly"}
    | {"target@dynamicMemslots", "target/address", "target/address@base"},
    {
        "@discard": _HOST,
        "source/alignsize/**": _HOST,
        "source/alignsize": _HOST,
        "source/pagesize/**": _HOST,
        "source/pagesize": _HOST,
        "source/nodemask": _HOST,
        "source/pmem": _HOST,
        "target/current/**": "how much a guest uses, which it decides itself",
        "target/current": "how much a guest uses, which it decides itself",
    },
)
_DRIVERS: Mapping[str, str] = MappingProxyType(
    {
        "dimm": "pc-dimm",
        "nvdimm": "nvdimm",
        "virtio-pmem": "virtio-pmem",
        "virtio-mem": "virtio-mem",
        # Within -machine, and only beside a processor of the host's that has it.
        "sgx-epc": "",
    }
)
_ON_A_FILE = ("nvdimm", "virtio-pmem")


def before_the_controllers(domain: Domain) -> Iterator[Option]:
    """Where libvirt writes them that has none on PCI. Raises InputError."""
    if not domain.dialect.has(Trait.MEMORY_ON_PCI):
        yield from _options(domain)


def behind_the_controllers(domain: Domain) -> Iterator[Option]:
    """Where libvirt writes them that has some on PCI. Raises InputError."""
    if domain.dialect.has(Trait.MEMORY_ON_PCI):
        yield from _options(domain)


def _options(domain: Domain) -> Iterator[Option]:
    for device in domain.each("memory"):
        must_know(device, _VOCABULARY)
        model = device.attributes.get("model", "")
        driver = chosen(device, "model", model, _DRIVERS)
        size = memory.device_bytes(domain, device, "size")
        if not size:
            raise InputError("<memory>: its size is missing", place=device.start)
        if not driver:
            continue
        backend = f"mem{domain.alias(device)}"
        if model in _ON_A_FILE:
            yield memory_backends.file_backend(device, backend, size)
        else:
            access = device.attributes.get("access")
            yield memory_backends.backend(domain, device, backend, size, access)
        yield domain.device(
            _driver(domain, device, driver),
            _properties(domain, device, backend),
            _place(domain, device, model),
        )


def _driver(domain: Domain, device: Element, driver: str) -> tuple[Property, ...]:
    if not driver.startswith("virtio"):
        return stated(device, ("driver", driver))
    options = virtio.options(domain, device) if domain.dialect.has(Trait.MEMORY_DRIVER) else ()
    return (*stated(device, ("driver", f"{driver}-pci")), *options)


def _properties(domain: Domain, device: Element, backend: str) -> Iterator[Property]:
    target = device.child("target") or device
    node, label, address = (target.child(name) for name in ("node", "label", "address"))
    size = label.child("size") if label is not None else None
    uuid = device.child("uuid")
    if node is not None:
        yield from stated(node, ("node", _whole(node)))
    if size is not None:
        yield from stated(size, ("label-size", in_bytes(device, size, "KiB")))
    yield from stated(
        target,
        ("block-size", memory.device_bytes(domain, device, "block") or None),
        ("requested-size", memory.device_bytes(domain, device, "requested") or None),
    )
    if uuid is not None and uuid.text.strip():
        yield from stated(uuid, ("uuid", uuid.text.strip()))
    if target.child("readonly") is not None:
        yield from stated(target, ("unarmed", True))
    yield from stated(device, ("memdev", backend))
    if _is_given_at_once(domain, device):
        yield from stated(device, ("prealloc", True))
    if address is not None and domain.dialect.has(Trait.MEMORY_ADDRESS):
        yield from stated(address, ("memaddr", number(address, "base") or None))
    if domain.dialect.has(Trait.MEMORY_SLOTS):
        yield from stated(target, ("dynamic-memslots", switch(target, "dynamicMemslots")))
    yield from stated(device, ("id", domain.alias(device)))


def _is_given_at_once(domain: Domain, device: Element) -> bool:
    """Whether virtio-mem asks the host for all of its memory when it is plugged in."""
    is_one = device.attributes.get("model") == "virtio-mem"
    knows = domain.dialect.has(Trait.MEMORY_PREALLOCATION)
    pages = device.child("source")
    has_pages = pages is not None and pages.child("pagesize") is not None
    return is_one and knows and (has_pages or memory_backends.is_given_at_once(domain))


def _place(domain: Domain, device: Element, model: str) -> tuple[Property, ...]:
    if model.startswith("virtio"):
        return addresses.pci(domain, device)
    address = device.child("address")
    if address is None:
        return ()
    return stated(
        address, ("slot", number(address, "slot")), ("addr", number(address, "base") or None)
    )


def _whole(element: Element) -> int:
    return number(Element(element.name, {"node": element.text}, element.start), "node")
