"""The machine: `-machine`, of `<os><type>`, `<features>` and what else of a domain decides it.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildMachineCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import kind, memory, numa
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import switch
from pciabi.vm.domain.sizes import in_bytes
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Form, Property, option, stated
from pciabi.vm.xml_tree import Element

_DEFAULT = "pc"
_NOTHING_RUNS = "how a guest's code is run, and no guest runs"
_PROCESSOR = "what the processor tells a guest"
FEATURES = Vocabulary(
    frozenset({"acpi", "apic", "apic@eoi", "pae", "hap", "hap@state", "viridian", "privnet"})
    | {"hyperv", "hyperv/**", "kvm", "kvm/**", "pvspinlock", "pvspinlock@state"}
    | {"pmu", "pmu@state", "vmport", "vmport@state", "ioapic", "ioapic@driver"}
    | {"smm", "smm@state", "smm/tseg", "smm/tseg@unit", "vmcoreinfo", "vmcoreinfo@state"}
    | {"ps2", "ps2@state"},
    {
        "msrs/**": _PROCESSOR,
        "tcg/**": _NOTHING_RUNS,
        "async-teardown/**": "how QEMU ends",
        "capabilities/**": "of containers",
    },
)
_INTERRUPT_CONTROLLERS: Mapping[str, str] = MappingProxyType({"qemu": "split", "kvm": "on"})


def options(domain: Domain) -> Iterator[Option]:
    """`-machine`, and the SMRAM of its chipset. Raises InputError."""
    type_ = kind.os_type(domain.root) or domain.root
    name = type_.attributes.get("machine") or _DEFAULT
    features = domain.root.merged("features")
    if features is not None:
        must_know(features, FEATURES)
    properties = (
        *stated(type_, ("type", name), ("usb", False)),
        *(_of_features(domain, features) if features is not None else ()),
        *memory.of_machine(domain),
        *numa.of_machine(domain),
        *_serial_console(domain),
        *_hpet(domain),
        *_acpi(domain, features),
    )
    yield option("machine", properties, Form.KEY_VALUE, "type")
    if features is not None:
        yield from _smram(features)


def _of_features(domain: Domain, features: Element) -> Iterator[Property]:
    yield from _switch(features, "vmport", "vmport")
    smm = features.child("smm")
    if smm is not None:
        # To name it is to want it.
        yield from stated(smm, ("smm", switch(smm, "state") is not False))
    controller = features.child("ioapic")
    if controller is not None:
        driver = controller.attributes.get("driver", "")
        value = chosen(features, "ioapic driver", driver, _INTERRUPT_CONTROLLERS, controller)
        yield from stated(controller, ("kernel_irqchip", value))
    if domain.dialect.has(Trait.PS2):
        yield from _switch(features, "ps2", "i8042")


def _switch(features: Element, name: str, property_: str) -> Iterator[Property]:
    found = features.child(name)
    if found is not None:
        # To name it is to want it.
        yield from stated(found, (property_, switch(found, "state") is not False))


def _serial_console(domain: Domain) -> Iterator[Property]:
    for os in domain.root.all("os"):
        bios = os.child("bios")
        if switch(bios, "useserial") and bios is not None and domain.dialect.has(Trait.GRAPHICS):
            yield from stated(bios, ("graphics", False))


def _hpet(domain: Domain) -> Iterator[Property]:
    clock = domain.root.merged("clock")
    for timer in clock.all("timer") if clock is not None else ():
        if timer.attributes.get("name") == "hpet" and domain.dialect.has(Trait.HPET_OF_MACHINE):
            yield from stated(timer, ("hpet", switch(timer, "present")))


def _acpi(domain: Domain, features: Element | None) -> tuple[Property, ...]:
    if not domain.dialect.has(Trait.ACPI_OF_MACHINE):
        return ()
    acpi = features.child("acpi") if features is not None else None
    return stated(acpi or features or domain.root, ("acpi", acpi is not None))


def _smram(features: Element) -> Iterator[Option]:
    smm = features.child("smm")
    tseg = smm.child("tseg") if smm is not None else None
    if smm is None or tseg is None or switch(smm, "state") is False:
        return
    size = in_bytes(features, tseg, "MiB")
    if size % (1 << 20):
        raise InputError("<features>: <smm><tseg> is no whole number of MiB", place=tseg.start)
    pair = stated(tseg, ("mch.extended-tseg-mbytes", size >> 20))
    yield option("global", pair, Form.KEY_VALUE)
