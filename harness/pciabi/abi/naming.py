"""What people call a device."""

from __future__ import annotations

from pciabi.abi.pair import Pair
from pciabi.abi.snapshot import PlacedFunction, Snapshot, is_made_up

MACHINE_LABEL = "the VM"
"""What the machine as a whole is called."""


def machine_device(snapshot: Snapshot) -> str:
    """QEMU's type name of the machine as a whole."""
    return f"{snapshot.provenance.machine}-machine"


def label(function: PlacedFunction, qdev_id: str | None) -> str:
    """`net1 (virtio-net-pci)`, else lspci's words, else the address."""
    if is_made_up(qdev_id):
        qdev_id = None
    if qdev_id and function.device:
        return f"{qdev_id} ({function.device})"
    return qdev_id or function.device or heading(function) or str(function.address)


def pair_label(pair: Pair) -> str:
    """The label of a device that both sides have: of what it is called in the earlier one."""
    named = pair.before if pair.before.qdev_id else pair.after
    return label(pair.before if pair.before.device else named, named.qdev_id)


def heading(function: PlacedFunction) -> str:
    """lspci's words for a function, without its revision."""
    return words(function).partition(" (rev ")[0].partition(" (prog-if ")[0]


def words(function: PlacedFunction) -> str:
    """lspci's words for a function: its heading without the address."""
    return function.function.text.split("\n", 1)[0].partition(" ")[2]
