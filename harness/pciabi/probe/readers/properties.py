"""The properties of PCI devices, taken from QEMU's device tree, which has been read already.

Firmware and guest write to some of them (`smb_io_base` of PIIX4_PM is a register's value), so those
of a running machine are not what the configuration has made of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pciabi.abi.facts.properties import KEY, Properties
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.address import TopologyPath
from pciabi.probe.fact_readers import Emulated, FunctionsReader
from pciabi.qemu import bridge_properties
from pciabi.qemu.unseen_properties import seen


def _read(
    machine: Emulated, functions: Sequence[PlacedFunction]
) -> Mapping[TopologyPath, Properties]:
    found: dict[TopologyPath, Properties] = {}
    if machine.paused is None:
        return found
    for function in functions:
        listed = machine.tree.get(function.path)
        # Every PCI device has some: where none is printed, none was read.
        if listed is None or not listed.properties:
            continue
        properties = dict(listed.properties)
        if listed.device == bridge_properties.TYPE:
            properties |= bridge_properties.read(machine.monitor)
        found[function.path] = seen(properties.items())
    return found


READERS = (FunctionsReader(KEY, _read),)
