"""The processor: `-cpu`, of `<cpu>`, and of what `<features>` and `<clock>` say of it.

None of it is on PCI, but SMBIOS describes it. Source: libvirt, src/qemu/qemu_command.c,
qemuBuildCpuCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import kind, numa, paravirtual
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Form, Property, option, stated
from pciabi.vm.xml_tree import Element

_CHECKS = "what libvirt checks before it starts a guest"
_VOCABULARY = Vocabulary(
    frozenset({"@mode", "@migratable", "model", "model@vendor_id", "vendor"})
    | {"feature", "feature@name", "feature@policy", "topology", "cache", "cache@mode"}
    | {f"topology@{level}" for level in ("sockets", "dies", "clusters", "cores", "threads")}
    | {"cache@level", "maxphysaddr", "maxphysaddr@mode", "maxphysaddr@bits", "maxphysaddr@limit"}
    | numa.WORDS,
    {
        **numa.HARMLESS,
        "@match": _CHECKS,
        "@check": _CHECKS,
        "@deprecated_features": "of other machines than PCs",
        "model@fallback": "what libvirt does where QEMU has not that model",
    },
)
_HOSTS_OWN = "host"
_MODES: Mapping[str, str] = MappingProxyType(
    # What libvirt makes of host-model is known on the host alone, and so is host-passthrough.
    {"host-passthrough": _HOSTS_OWN, "host-model": _HOSTS_OWN, "maximum": "max"}
)
_DEFAULT, _DEFAULT_32 = "qemu64", "qemu32"
_POLICIES: Mapping[str, bool | None] = MappingProxyType(
    {"force": True, "require": True, "disable": False, "forbid": False, "optional": None}
)
# virQEMUCapsCPUFeaturesX86.
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "cmp_legacy": "cmp-legacy",
        "ds_cpl": "ds-cpl",
        "fxsr_opt": "fxsr-opt",
        "kvm_pv_eoi": "kvm-pv-eoi",
        "kvm_pv_unhalt": "kvm-pv-unhalt",
        "lahf_lm": "lahf-lm",
        "nodeid_msr": "nodeid-msr",
        "pclmuldq": "pclmulqdq",
        "perfctr_core": "perfctr-core",
        "perfctr_nb": "perfctr-nb",
        "tsc_adjust": "tsc-adjust",
        "vmx-invvpid-single-context-noglobals": "vmx-invept-single-context-noglobals",
    }
)
# ignoredFeatures of qemu_capabilities.c, and one that QEMU took back: it has no such property.
_NOT_QEMUS = frozenset({"cmt", "mbm_total", "mbm_local", "osxsave", "ospke", "pconfig"})
_CACHES: Mapping[str, tuple[tuple[str, bool], ...]] = MappingProxyType(
    {
        "emulate": (("l3-cache", True),),
        "passthrough": (("host-cache-info", True), ("l3-cache", False)),
        "disable": (("l3-cache", False),),
    }
)


def options(domain: Domain) -> Iterator[Option]:
    """`-cpu`; nothing where the domain leaves all of it to QEMU. Raises InputError."""
    cpu = domain.root.child("cpu")
    if cpu is not None:
        must_know(cpu, _VOCABULARY)
    model = _model(domain, cpu)
    properties = (
        *(_of_cpu(cpu, model) if cpu is not None and model is not None else ()),
        *paravirtual.properties(domain),
        *(_caches(cpu) if cpu is not None else ()),
        *(_address_bits(cpu) if cpu is not None else ()),
    )
    if model is None and properties:
        model = stated(domain.root, ("model", _default(domain)))
    if model is not None:
        yield option("cpu", (*model, *properties), Form.KEY_VALUE, "model")


def _model(domain: Domain, cpu: Element | None) -> tuple[Property, ...] | None:
    mode = cpu.attributes.get("mode", "custom") if cpu is not None else "custom"
    if cpu is not None and mode != "custom":
        return stated(cpu, ("model", chosen(cpu, "mode", mode, _MODES)))
    model = cpu.child("model") if cpu is not None else None
    if model is not None and model.text.strip():
        return stated(model, ("model", model.text.strip()))
    type_ = kind.os_type(domain.root)
    if type_ is not None and type_.attributes.get("arch") == "i686":
        return stated(type_, ("model", _DEFAULT_32))
    return None


def _default(domain: Domain) -> str:
    type_ = kind.os_type(domain.root)
    is_32 = type_ is not None and type_.attributes.get("arch") == "i686"
    return _DEFAULT_32 if is_32 else _DEFAULT


def _of_cpu(cpu: Element, model: tuple[Property, ...]) -> Iterator[Property]:
    if model[0].value == _HOSTS_OWN:
        # Nothing of another host's processor can be started here.
        return
    named = cpu.child("model")
    if named is not None:
        yield from stated(named, ("vendor", named.attributes.get("vendor_id")))
    for feature in cpu.all("feature"):
        name = feature.attributes.get("name", "")
        if not name or "," in name or "=" in name:
            raise InputError(f"<cpu>: feature name='{name[:40]}' is no name", place=feature.start)
        policy = feature.attributes.get("policy", "require")
        value = chosen(cpu, "feature policy", policy, _POLICIES, feature)
        if name not in _NOT_QEMUS:
            yield from stated(feature, (_NAMES.get(name, name), value))


def _caches(cpu: Element) -> Iterator[Property]:
    cache = cpu.child("cache")
    if cache is None:
        return
    mode = cache.attributes.get("mode", "")
    pairs = chosen(cpu, "cache mode", mode, _CACHES, cache)
    if cpu.attributes.get("mode") == "maximum" and mode != "passthrough":
        yield from stated(cache, ("host-cache-info", False))
    yield from stated(cache, *pairs)


def _address_bits(cpu: Element) -> Iterator[Property]:
    bits = cpu.child("maxphysaddr")
    if bits is None:
        return
    mode = bits.attributes.get("mode", "")
    is_passed = chosen(cpu, "mode", mode, {"passthrough": True, "emulate": False}, bits)
    limit, width = number(bits, "limit"), number(bits, "bits")
    if is_passed:
        yield from stated(bits, ("host-phys-bits", True), ("host-phys-bits-limit", limit or None))
    elif width:
        yield from stated(bits, ("phys-bits", width))
    else:
        yield from stated(bits, ("host-phys-bits", False))
