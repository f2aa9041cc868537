"""`<controller type='pci'>`: root ports, bridges, switches, expander buses, and what is said of
the root itself.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildControllerPCIDevProps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.sizes import in_bytes
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Form, Property, Value, option, stated
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | {"@type", "@index", "@model", "model", "model@name", "target", "pcihole64"}
    | {f"target@{word}" for word in ("chassisNr", "chassis", "port", "busNr", "hotplug")}
    | {"target@memReserve", "target/node", "pcihole64@unit"},
    {"target@index": "of other machines than PCs"},
)
_KIB = 1 << 10
_Target = Callable[[Domain, Element, Element], tuple[Property, ...]]


def options(domain: Domain, controller: Element) -> Iterator[Option]:
    """The `-device` of a controller; of the root, which the chipset has, whether devices can be
    plugged into it. Raises InputError."""
    must_know(controller, _VOCABULARY)
    model = controller.attributes.get("model", "")
    if model in _ROOTS:
        yield from _root_hotplug(domain, controller)
        return
    driver, of_target = chosen(controller, "model", model, _MODELS)
    named = controller.child("model")
    name = named.attributes.get("name") if named is not None else None
    target = controller.child("target") or controller
    yield domain.device(
        stated(named or controller, ("driver", name or driver)),
        of_target(domain, controller, target),
        addresses.pci(domain, controller),
    )


def hole_sizes(domain: Domain) -> Iterator[Option]:
    """How much room above 4 GiB the root keeps for BARs. Raises InputError."""
    for controller in domain.each("controller"):
        hole = controller.child("pcihole64")
        if controller.attributes.get("type") == "pci" and hole is not None:
            model = controller.attributes.get("model", "")
            host = chosen(controller, "pcihole64 of model", model, _ROOTS, hole)
            size = in_bytes(controller, hole, "KiB")
            if size:
                pair = stated(hole, (f"{host}.pci-hole64-size", f"{size // _KIB}K"))
                yield option("global", pair, Form.KEY_VALUE)


def _root_hotplug(domain: Domain, controller: Element) -> Iterator[Option]:
    target = controller.child("target")
    hotplug = switch(target, "hotplug")
    knows = domain.dialect.has(Trait.ROOT_HOTPLUG) and domain.family is Family.I440FX
    if target is not None and hotplug is not None and knows:
        pair = stated(target, ("PIIX4_PM.acpi-root-pci-hotplug", hotplug))
        yield option("global", pair, Form.KEY_VALUE)


def _id(domain: Domain, controller: Element) -> tuple[str, Value]:
    return "id", domain.alias(controller)


def _bridge(domain: Domain, controller: Element, target: Element) -> tuple[Property, ...]:
    return (
        *stated(target, ("chassis_nr", number(target, "chassisNr"))),
        *_reserve(domain, target),
        *stated(controller, _id(domain, controller)),
    )


def _expander(domain: Domain, controller: Element, target: Element) -> tuple[Property, ...]:
    node = target.child("node")
    return (
        *stated(target, ("bus_nr", number(target, "busNr"))),
        *stated(controller, _id(domain, controller)),
        *(stated(node, ("numa_node", _text_number(node))) if node is not None else ()),
    )


def _plain(domain: Domain, controller: Element, _target: Element) -> tuple[Property, ...]:
    return stated(controller, _id(domain, controller))


def _port(domain: Domain, controller: Element, target: Element) -> tuple[Property, ...]:
    return (
        *stated(target, ("port", number(target, "port")), ("chassis", number(target, "chassis"))),
        *stated(controller, _id(domain, controller)),
        *stated(target, ("hotplug", switch(target, "hotplug"))),
        *_reserve(domain, target),
    )


def _reserve(domain: Domain, target: Element) -> tuple[Property, ...]:
    size = number(target, "memReserve") * _KIB
    return stated(target, ("mem-reserve", size or None)) if _reserves(domain) else ()


def _reserves(domain: Domain) -> bool:
    return domain.dialect.has(Trait.MEMORY_RESERVE)


def _text_number(element: Element) -> int:
    return number(Element(element.name, {"node": element.text}, element.start), "node")


_ROOTS: Mapping[str, str] = MappingProxyType(
    {"pci-root": "i440FX-pcihost", "pcie-root": "q35-pcihost"}
)
# What stands for each where no <model name> does: qemuDomainDefaultPCIModelName.
_MODELS: Mapping[str, tuple[str, _Target]] = MappingProxyType(
    {
        "pci-bridge": ("pci-bridge", _bridge),
        "pci-expander-bus": ("pxb", _expander),
        "pcie-expander-bus": ("pxb-pcie", _expander),
        "dmi-to-pci-bridge": ("i82801b11-bridge", _plain),
        "pcie-to-pci-bridge": ("pcie-pci-bridge", _plain),
        "pcie-switch-upstream-port": ("x3130-upstream", _plain),
        "pcie-root-port": ("pcie-root-port", _port),
        "pcie-switch-downstream-port": ("xio3130-downstream", _port),
    }
)
