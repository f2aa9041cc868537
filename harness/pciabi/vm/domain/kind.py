"""What a `<domain>` is: of which hypervisor, and of which family its PCI is."""

from __future__ import annotations

from pciabi.vm import machine_family, placeholder
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element

_X86 = ("x86_64", "i686")
_NOT_QEMUS = frozenset(
    {"xen", "lxc", "uml", "openvz", "vmware", "hyperv", "vbox", "phyp", "parallels", "vz", "bhyve"}
)
"""What `<domain type=…>` calls the hypervisors that have no PCI hardware of QEMU's."""


def other_hypervisor(domain: Element) -> str | None:
    """The type of a domain that QEMU does not run, None for one that it does."""
    type_ = domain.attributes.get("type", "")
    return type_ if type_ in _NOT_QEMUS else None


def family(domain: Element) -> Family:
    """The family of a domain's PCI; `OTHER` for what is no PC of QEMU's."""
    if other_hypervisor(domain) is not None:
        return Family.OTHER
    type_ = os_type(domain)
    written = type_.attributes if type_ is not None else {}
    arch, machine = written.get("arch"), written.get("machine")
    if arch in _X86:
        return machine_family.family_on_x86(machine)
    if placeholder.find(arch):
        return machine_family.family(machine) if machine else Family.UNKNOWN
    # libvirt then takes the host's own, and pciabi is about PCs.
    return machine_family.family(machine) if arch is None else Family.OTHER


def os_type(domain: Element) -> Element | None:
    """The `<type>` in `<os>`, None where there is none."""
    return next((type_ for os in domain.all("os") for type_ in os.all("type")), None)


def name(domain: Element) -> str:
    """What a domain is called; empty where it has no name."""
    called = domain.child("name")
    return called.text.strip() if called is not None else ""
