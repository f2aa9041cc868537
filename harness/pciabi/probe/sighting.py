"""A guest's word on its hardware, held against that of the running QEMU."""

from __future__ import annotations

from collections.abc import Sequence

from pciabi.abi.snapshot import NetworkInterface, PlacedFunction, Unreachable
from pciabi.pci.function import PciFunction
from pciabi.pci.topology import topology_paths
from pciabi.probe import agreement, reachability
from pciabi.probe.equipment import Equipped
from pciabi.probe.identifiers import identifiers
from pciabi.qemu import device_tree, placement
from pciabi.qemu.monitor import Monitor


def agreed(
    qmp: Monitor,
    equipped: Equipped,
    stated: frozenset[str],
    guest: Sequence[PciFunction],
    interfaces: Sequence[NetworkInterface],
) -> tuple[tuple[PlacedFunction, ...], tuple[Unreachable, ...]]:
    """The functions both know, and those QEMU has and no guest can find.

    `stated` are the MAC addresses that QEMU was told.

    Raises Disagreement, or GuestError where a NIC lacks its driver.
    """
    paths = topology_paths(guest)
    seen = {paths[function.address]: function for function in guest}
    # The tree holds what `query-pci` leaves out: whatever is behind a bridge nobody numbered.
    tree = device_tree.read(qmp).functions
    hidden = reachability.unreachable(seen, tree)
    out_of_reach = {one.qdev_id for one in hidden}
    known = {one.path: identifiers(one.properties, stated) for one in tree}
    functions = agreement.placed(guest, placement.functions(qmp), known, hidden)
    agreement.must_be_found(
        functions, [name for name in equipped.pci_ids() if name not in out_of_reach]
    )
    agreement.must_be_driven(functions, interfaces)
    macs = {
        nic.id: placement.mac_address(qmp, nic.id)
        for nic in equipped.nics()
        if nic.id not in out_of_reach
    }
    agreement.must_match_macs(functions, interfaces, macs)
    return functions, hidden
