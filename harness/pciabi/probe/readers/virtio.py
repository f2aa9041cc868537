"""What virtio devices offer, read from a paused machine as a driver would begin to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.address import TopologyPath
from pciabi.pci.function import PciFunction
from pciabi.pci.virtio import VIRTIO, VirtioDevice, is_virtio, modern_layout
from pciabi.probe.fact_readers import Emulated, FunctionsReader, Paused
from pciabi.qemu import virtio_legacy, virtio_modern


def _read(
    machine: Emulated, functions: Sequence[PlacedFunction]
) -> Mapping[TopologyPath, VirtioDevice | None]:
    facts: dict[TopologyPath, VirtioDevice | None] = {
        one.path: None for one in functions if not is_virtio(one.function)
    }
    if machine.paused is None:
        return facts
    devices = [one for one in functions if is_virtio(one.function)]
    layouts = {one.path: modern_layout(one.function) for one in devices}
    modern = [(one, layout) for one in devices if (layout := layouts[one.path]) is not None]
    offered = virtio_modern.read(
        machine.paused.access, [(one.function, layout) for one, layout in modern]
    )
    facts |= {one.path: fact for (one, _), fact in zip(modern, offered, strict=True)}
    legacy = [one for one in devices if layouts[one.path] is None]
    by_path = {one.path: one.function for one in functions}
    # A device that has neither way in stays unread.
    for one in legacy:
        if virtio_legacy.has_ports(one.function):
            facts[one.path] = _read_legacy(machine.paused, one, by_path)
    return facts


def _read_legacy(
    paused: Paused, device: PlacedFunction, by_path: Mapping[TopologyPath, PciFunction]
) -> VirtioDevice:
    path = device.path
    above = [TopologyPath(path.root, path.hops[:depth]) for depth in range(1, len(path.hops))]
    bridges = [by_path[bridge] for bridge in above if bridge in by_path]
    return virtio_legacy.read(paused.access, paused.qtest, device.function, bridges)


READERS = (FunctionsReader(VIRTIO, _read),)
