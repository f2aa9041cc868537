"""`<hostdev>`: it keeps its place in libvirt's order, and stands for a device that no host has.

libvirt looks in /sys whether a host's PCI device is one of PCI Express, and takes one that is not
there for it (src/qemu/qemu_domain_address.c, qemuDomainDeviceCalculatePCIConnectFlags). Whether a
device without an address in the guest goes to a root port or to a conventional slot is therefore
known for Express devices only.
"""

from __future__ import annotations

from pciabi.libvirt.inert.allow_list import described, refused
from pciabi.libvirt.inert.common import Treatment, Turn, containing, device, made
from pciabi.vm.libvirt_devices import own_address
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element

PATH = "path"
"""As `abi.facts.topology` calls it."""
NOT_THERE = "a device that is not there, which libvirt takes for one of PCI Express"
# The last PCI segment, which no PC has.
_NO_SEGMENT = "0xffff"


def pci_source(like: Element, ordinal: int) -> Element:
    """A PCI device of the host's that is not there, each another one."""
    bus, devfn = divmod(ordinal + 1, 1 << 8)
    place = {
        "type": "pci",
        "domain": _NO_SEGMENT,
        "bus": f"{bus % (1 << 8):#04x}",
        "slot": f"{devfn >> 3:#04x}",
        "function": f"{devfn & 7:#x}",
    }
    address = Element("address", place, like.start)
    return made(like, "source", address)


def usb_source(like: Element, ordinal: int, **attributes: str) -> Element:
    """A USB device on a bus that no host has; `attributes` are further ones of its address."""
    bus, number = divmod(ordinal, 127)
    place = {"bus": str(900 + bus), "device": str(number + 1)}
    address = made(like, "address", **attributes, **place)
    return made(like, "source", address)


def _hostdev(kept: Element, turn: Turn) -> Element:
    mode, kind = (turn.element.attributes.get(name, "") for name in ("mode", "type"))
    if mode not in ("", "subsystem"):
        raise refused(turn.element, f"mode {mode[:20]!a} is one of containers")
    source = _source(kind, kept, turn)
    unknown = (PATH,) if kind == "pci" and placed_by_its_kind(kept, turn.family) else ()
    turn.record.tell(f"{described(turn.element)}<source>", NOT_THERE, *unknown)
    return containing(kept, source)


def placed_by_its_kind(device: Element, family: Family) -> bool:
    """Whether libvirt looks at a host's PCI device to place it: a machine without PCI Express, and
    an address that is written, leave no choice."""
    return family is not Family.I440FX and own_address(device) is None


def _source(kind: str, like: Element, turn: Turn) -> Element:
    match kind:
        case "pci":
            return pci_source(like, turn.ordinal)
        case "usb":
            return usb_source(like, turn.ordinal)
        case "scsi":
            adapter = made(like, "adapter", name="scsi_host9999")
            address = made(like, "address", bus="0", target="0", unit=str(turn.ordinal))
            return made(like, "source", adapter, address)
        case "scsi_host":
            return made(like, "source", protocol="vhost", wwpn=f"naa.{turn.ordinal:016x}")
        case "mdev":
            uuid = f"00000000-0000-4000-8000-{turn.ordinal:012x}"
            return made(like, "source", made(like, "address", uuid=uuid))
    raise refused(turn.element, f"type {kind[:20]!a} is not one of QEMU's")


HOSTDEV: Treatment = device(
    """
    : mode type model display ramfb
    teaming: type persistent
    readonly:
    shareable:
    """,
    """
    : managed sgio rawio
    driver:
    source:
    """,
    _hostdev,
)
