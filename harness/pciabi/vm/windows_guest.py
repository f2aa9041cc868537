"""What in a VM's configuration tells that its guest is Windows, in words. Pure.

Sources: libosinfo's ids of operating systems (`osinfo-query os`); libvirt, formatdomain: Hypervisor
features; QEMU, docs/system/i386/hyperv.rst; Proxmox VE, qm.conf(5), `ostype`; KubeVirt,
spec.domain.features.hyperv. Only Windows, as a rule, is given Hyper-V's enlightenments. Those that
rename the hypervisor tell nothing: they are for drivers that refuse to work in a VM.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pciabi.vm.command_line.parameters import OFF, Parameters
from pciabi.vm.xml_tree import Element

_MICROSOFT = "http://microsoft.com/win"
# `-cpu host,hv_relaxed,hv-spinlocks=0x1fff,+hv-time`
_ENLIGHTENMENT = re.compile(r"\+?hv[-_](.+)")
_RENAMING = re.compile(r"vendor.?id|version.?id.*", re.IGNORECASE)
# wxp, w2k, w2k3, w2k8, wvista, win7 … win11
_OSTYPE = re.compile(r"w(?:xp|vista|2k\d?|in\d+)")


def of_domain(domain: Element) -> str:
    """What a libvirt domain tells; empty where nothing does, or where libosinfo names another
    system."""
    known = _libosinfo(domain)
    if known:
        return f"libosinfo calls it {known}" if known.startswith(_MICROSOFT) else ""
    features = domain.child("features")
    hyperv = features.child("hyperv") if features is not None else None
    if hyperv is None:
        return ""
    if hyperv.attributes.get("mode") in ("passthrough", "host-model"):
        return _enlightened(["mode"])
    return _enlightened(
        each.name for each in hyperv.children if each.attributes.get("state") == "on"
    )


def of_processor(processor: Parameters) -> str:
    """What QEMU's `-cpu` tells."""
    found = ((_ENLIGHTENMENT.fullmatch(item.name), item.value) for item in processor.items)
    return _enlightened(match[1] for match, value in found if match and value not in OFF)


def of_ostype(ostype: str | None) -> str:
    """What Proxmox' `ostype` tells."""
    return f"ostype: {ostype}" if ostype and _OSTYPE.fullmatch(ostype) else ""


def of_features(names: Iterable[str]) -> str:
    """What KubeVirt's `features.hyperv` tells, by the names of what it puts on."""
    return _enlightened(names)


def _enlightened(names: Iterable[str]) -> str:
    is_told = any(not _RENAMING.fullmatch(name) for name in names)
    return "it is given Hyper-V's enlightenments" if is_told else ""


def _libosinfo(domain: Element) -> str:
    for metadata in domain.all("metadata"):
        for holder in metadata.all("libosinfo"):
            named = holder.value("os", "id")
            if named:
                return named.strip()
    return ""
