"""What a hypervisor tells a guest of itself through the processor: KVM's and Hyper-V's leaves, and
the clocks that are read through them.

None of it is on PCI. Source: libvirt, src/qemu/qemu_command.c, qemuBuildCpuCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.vocabulary import Vocabulary, must_know
from pciabi.vm.domain.words import Property, Value, stated
from pciabi.vm.xml_tree import Element

_HYPERV = Vocabulary(
    frozenset({"@mode", "spinlocks", "spinlocks@retries", "vendor_id", "vendor_id@value"})
    | {"stimer/direct", "tlbflush/direct", "tlbflush/extended"}
    | {
        f"{name}{word}"
        for name in (
            *("relaxed", "vapic", "vpindex", "runtime", "synic", "stimer", "reset", "frequencies"),
            *("reenlightenment", "tlbflush", "ipi", "evmcs", "avic", "emsr_bitmap", "xmm_input"),
        )
        for word in ("", "@state")
    }
    | {"spinlocks@state", "vendor_id@state", "stimer/direct@state"}
    | {"tlbflush/direct@state", "tlbflush/extended@state"}
)
_KVM = Vocabulary(
    frozenset(
        f"{name}{word}"
        for name in ("hidden", "hint-dedicated", "poll-control", "pv-ipi")
        for word in ("", "@state")
    ),
    {"dirty-ring/**": "how a migration is followed", "dirty-ring": "how a migration is followed"},
)
# What QEMU is told of a switch of <kvm>, and which way it must be thrown for that.
_OF_KVM: Mapping[str, tuple[bool, str, bool]] = MappingProxyType(
    {
        "hidden": (True, "kvm", False),
        "hint-dedicated": (True, "kvm-hint-dedicated", True),
        "poll-control": (True, "kvm-poll-control", True),
        "pv-ipi": (False, "kvm-pv-ipi", False),
    }
)


def properties(domain: Domain) -> Iterator[Property]:
    """The properties of the processor in libvirt's order. Raises InputError."""
    features = domain.root.merged("features")
    clock = domain.root.merged("clock")
    if clock is not None:
        yield from _clocks(clock)
    if features is not None:
        yield from _of_switch(features.child("apic"), "eoi", "kvm-pv-eoi")
        yield from _of_switch(features.child("pvspinlock"), "state", "kvm-pv-unhalt")
        yield from _hyperv(features)
    panic = next((one for one in domain.each("panic") if _is_hyperv(one)), None)
    if panic is not None:
        yield from stated(panic, ("hv-crash", True))
    if features is not None:
        yield from _kvm(features)
        yield from _of_switch(features.child("pmu"), "state", "pmu")


def _is_hyperv(panic: Element) -> bool:
    return panic.attributes.get("model") == "hyperv"


def _clocks(clock: Element) -> Iterator[Property]:
    for timer in clock.all("timer"):
        name = timer.attributes.get("name")
        if name == "kvmclock":
            yield from stated(timer, ("kvmclock", switch(timer, "present")))
        elif name == "hypervclock":
            yield from stated(timer, ("hv-time", switch(timer, "present") or None))
        elif name == "tsc":
            yield from stated(timer, ("tsc-frequency", number(timer, "frequency") or None))


def _of_switch(element: Element | None, attribute: str, name: str) -> tuple[Property, ...]:
    # An element without the attribute wants the feature.
    if element is None:
        return ()
    default = True if attribute == "state" else None
    value = switch(element, attribute)
    return stated(element, (name, default if value is None else value))


def _hyperv(features: Element) -> Iterator[Property]:
    hyperv = features.child("hyperv")
    if hyperv is None:
        return
    must_know(hyperv, _HYPERV)
    if hyperv.attributes.get("mode") == "passthrough":
        yield from stated(hyperv, ("hv-passthrough", True))
    for feature in hyperv.children:
        if switch(feature, "state"):
            name = f"hv-{feature.name.replace('_', '-')}"
            yield from stated(feature, (name, _value(feature)))
            for part in feature.children:
                if switch(part, "state"):
                    word = "ext" if part.name == "extended" else part.name
                    yield from stated(part, (f"{name}-{word}", True))


def _value(feature: Element) -> Value:
    if feature.name == "spinlocks":
        return f"{number(feature, 'retries'):#x}"
    if feature.name == "vendor_id":
        return feature.attributes.get("value", "")
    return True


def _kvm(features: Element) -> Iterator[Property]:
    kvm = features.child("kvm")
    if kvm is None:
        return
    must_know(kvm, _KVM)
    for name, (wanted, property_, value) in _OF_KVM.items():
        feature = kvm.child(name)
        if feature is not None and switch(feature, "state") is wanted:
            yield from stated(feature, (property_, value))
