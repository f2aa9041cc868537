"""What stand-ins of backends leave open of virtio devices, seen with the devices themselves: a
feature that is switched off, by whatever, or that this QEMU does not have, no backend shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pciabi.abi.snapshot import Snapshot, Substitution
from pciabi.abi.unknown import Replaced
from pciabi.pci.address import TopologyPath
from pciabi.pci.virtio_pins import may_show
from pciabi.qemu.device_tree import TreeFunction


def narrowed(snapshot: Snapshot, tree: Mapping[TopologyPath, TreeFunction]) -> Snapshot:
    """The snapshot with only that left open which some backend may show.

    The properties in the tree are those in force, by the configuration, `-global` and the machine
    type. Of a device that is not in it everything stays open.
    """
    if not snapshot.substitutions:
        return snapshot
    replaced = Replaced(snapshot)
    narrower: dict[Substitution, Substitution] = {}
    for function in snapshot.functions:
        listed = tree.get(function.path)
        if listed is None:
            continue
        for one in replaced.of(function):
            narrower[one] = replace(one, unknown=tuple(_showing(one, listed)))
    return replace(
        snapshot, substitutions=tuple(narrower.get(one, one) for one in snapshot.substitutions)
    )


def _showing(one: Substitution, device: TreeFunction) -> Iterator[str]:
    return (field for field in one.unknown if may_show(field, device.properties))
