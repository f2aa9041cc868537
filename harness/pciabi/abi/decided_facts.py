"""Which other facts a property of a device decides, and whether they were read. Pure.

Only properties that decide nothing else stand here: a difference of one of them is told with the
facts. Where it is in doubt what a property decides, it is not in the table, and is notable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pciabi.abi.reading import missing_areas
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.facts import UNREAD, Key
from pciabi.pci.function import BARS, ROM

_CONFIG = "configuration-space"
_VIRTIO: Key[object] = Key("virtio")


@dataclass(frozen=True)
class Decided:
    """Facts that a property decides: the family that has them, and how the names of the fields
    begin in which they differ."""

    family: str
    fields: tuple[str, ...]


def _config(*fields: str) -> tuple[Decided, ...]:
    return (Decided(_CONFIG, fields),)


_MSIX = Decided(_CONFIG, ("MSI-X",))
_MSI = Decided(_CONFIG, ("MSI ", "MSI: "))
_BARS = Decided(BARS.name, ("BAR",))
_QUEUES = Decided(_VIRTIO.name, ("queue ", "sizes of queues", "number of virtio queues"))
_SLOT = Decided(_CONFIG, ("PCI Express: SltCap",))
_IDS = ("Device ID", "Vendor ID", "Subsystem", "Revision ID")
_MODERN = Decided(_CONFIG, (*_IDS, "virtio ", "MSI-X"))
_RESERVES = ("bus-reserve", "io-reserve", "mem-reserve", "pref32-reserve", "pref64-reserve")

# hw/pci/pci.c and hw/pci/pcie.c, of all devices.
_OF_ALL: Mapping[str, tuple[Decided, ...]] = {
    "multifunction": _config("Multi-Function Device"),
    "rombar": (Decided(ROM.name, ("expansion ROM",)),),
    "romsize": (Decided(ROM.name, ("expansion ROM",)),),
    "x-pcie-ari-nextfn-1": _config("Alternative Routing-ID"),
    "x-pcie-err-unc-mask": _config("Advanced Error Reporting"),
    "x-pcie-ext-tag": _config("PCI Express: Dev"),
    "x-pcie-extcap-init": _config("PCI Express"),
    "x-pcie-flr-init": _config("PCI Express: Dev"),
    "x-pcie-lnksta-dllla": _config("PCI Express: Lnk"),
    "x-pcie-pm-no-soft-reset": _config("Power Management"),
}
# By beginnings of QEMU's names for types.
_OF_TYPES: tuple[tuple[tuple[str, ...], Mapping[str, tuple[Decided, ...]]], ...] = (
    (
        # hw/virtio/virtio-pci.c
        ("virtio-", "vhost-"),
        {
            "aer": _config("Advanced Error Reporting"),
            "ats": _config("Address Translation Service"),
            "class": _config("Class Code", "Programming Interface"),
            "disable-legacy": (_MODERN, _BARS),
            "disable-modern": (_MODERN, _BARS),
            "num-queues": (_QUEUES,),
            "num_queues": (_QUEUES,),
            "queue-size": (_QUEUES,),
            "rx_queue_size": (_QUEUES,),
            "tx_queue_size": (_QUEUES,),
            # The table is in BAR 1.
            "vectors": (_MSIX, Decided(BARS.name, ("BAR 1",))),
            "virtqueue_size": (_QUEUES,),
            "x-ats-page-aligned": _config("Address Translation Service"),
            "x-disable-pcie": _config("PCI Express", "configuration space size"),
        },
    ),
    (
        # hw/pci-bridge/gen_pcie_root_port.c, pcie_port.c, and hw/pci/pcie_port.c
        ("pcie-root-port", "ioh3420", "xio3130-downstream", "x3130-upstream"),
        {
            "disable-acs": _config("Access Control Services"),
            "hotplug": (_SLOT,),
            "port": _config("PCI Express: LnkCap: Port Number"),
            "power_controller_present": (_SLOT,),
            "slot": (_SLOT,),
            "x-do-not-expose-native-hotplug-cap": (_SLOT,),
            "x-speed": _config("PCI Express: Lnk"),
            "x-width": _config("PCI Express: Lnk"),
        },
    ),
    (
        # hw/pci/pci_bridge.c: a hint to the firmware, in a capability of QEMU's own.
        ("pcie-root-port", "pci-bridge"),
        dict.fromkeys(_RESERVES, _config("Vendor Specific")),
    ),
    # hw/pci-host/q35.c: EXT_TSEG_MBYTES.
    (("mch",), {"extended-tseg-mbytes": _config("device-specific register 0x50")}),
    (("pci-bridge",), {"chassis_nr": _config("Slot Identification"), "msi": (_MSI,)}),
    (
        ("nvme",),
        {
            "msix-exclusive-bar": (_MSIX, _BARS),
            "msix_qsize": (_MSIX,),
            "use-intel-id": _config(*_IDS),
        },
    ),
    (("VGA", "secondary-vga", "vmware-svga"), {"vgamem_mb": (_BARS,)}),
    (("ati-vga",), {"x-device-id": _config(*_IDS), "x-linear-aper-size": (_BARS,)}),
    (("bochs-display",), {"vgamem": (_BARS,)}),
    (("pci-testdev",), {"membar": (_BARS,)}),
    (("vmxnet3",), {"x-old-msi-offsets": (_MSI, _MSIX)}),
    (("e1000e",), {"subsys": _config(*_IDS), "subsys_ven": _config(*_IDS)}),
    (
        ("intel-hda", "ich9-intel-hda", "megasas", "mptsas1068", "vmxnet3"),
        {"msi": (_MSI,), "msix": (_MSIX, _BARS)},
    ),
)


def facts_decided_by(name: str, devices: Iterable[str | None]) -> tuple[Decided, ...]:
    """The facts that a property decides on all devices of these types; none where that is in
    doubt."""
    every = {_of(name, device) for device in devices}
    return every.pop() if len(every) == 1 else ()


def _of(name: str, device: str | None) -> tuple[Decided, ...]:
    for types, table in _OF_TYPES:
        if device is not None and device.startswith(types) and name in table:
            return table[name]
    return _OF_ALL.get(name, ())


def all_were_read(decided: Iterable[Decided], sides: Iterable[PlacedFunction]) -> bool:
    """Whether these facts were read on these sides."""
    families = {one.family for one in decided}
    return all(_was_read(family, side) for family in families for side in sides)


def _was_read(family: str, side: PlacedFunction) -> bool:
    if family == _CONFIG:
        return not missing_areas(side.function)
    if family == BARS.name:
        bars = side.facts.get(BARS)
        return bars is not UNREAD and bars.sized
    fact = side.facts.get(Key[object](family))
    if fact is UNREAD:
        return False
    # A function of which virtio tells nothing has no queues that could be compared.
    return family != _VIRTIO.name or fact is not None
