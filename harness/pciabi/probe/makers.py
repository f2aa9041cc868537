"""Which option made a PCI device, where it was no `-device`: `-nic`, `-drive if=virtio`, `-vga`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from pciabi.abi.snapshot import Creation
from pciabi.pci.address import TopologyPath
from pciabi.qemu.inert.origin import Origin

# What an option's text must say, and the types of device it then makes.
_MAKERS = (
    (("drive",), re.compile(r"\bif=virtio\b"), re.compile(r"virtio-blk-pci")),
    (
        ("nic", "net"),
        re.compile(r"-nic (?!none)|-net nic"),
        re.compile(
            r"e1000e?|e1000-8254\w+|rtl8139|ne2k_pci|pcnet|virtio-net-pci|vmxnet3|i82\w+|tulip"
        ),
    ),
    (
        ("vga",),
        re.compile(r"-vga (?!none)"),
        re.compile(r"VGA|cirrus-vga|vmware-svga|qxl-vga|virtio-vga"),
    ),
    (("virtfs",), re.compile(r""), re.compile(r"virtio-9p-pci")),
)


def other_makers(
    creations: Sequence[Creation], known: Collection[TopologyPath], origins: Sequence[Origin]
) -> Mapping[TopologyPath, Origin]:
    """The options that made devices which no `-device` did, by the devices' paths.

    QEMU makes devices of one sort in the order of their options. Where there are not as many of
    the one as of the other, nothing is said.
    """
    found: dict[TopologyPath, Origin] = {}
    for names, saying, types in _MAKERS:
        options = [o for o in origins if o.name in names and saying.search(o.given)]
        made = [
            one
            for one in creations
            if one.qdev_id is None and one.path not in known and types.fullmatch(one.device)
        ]
        if len(options) == len(made):
            found |= {one.path: option for one, option in zip(made, options, strict=True)}
    return found


def may_have_made(driver: str, origins: Sequence[Origin]) -> tuple[Origin, ...]:
    """The options that make devices of this type without being a `-device`."""
    return tuple(
        origin
        for names, saying, types in _MAKERS
        if types.fullmatch(driver)
        for origin in origins
        if origin.name in names and saying.search(origin.given)
    )
