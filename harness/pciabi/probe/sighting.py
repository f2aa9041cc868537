"""A guest's word on its hardware, held against that of the running QEMU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pciabi.abi.snapshot import NetworkInterface, PlacedFunction, Unreachable
from pciabi.pci.facts import Facts
from pciabi.pci.function import PciFunction
from pciabi.pci.topology import topology_paths
from pciabi.probe import agreement, guest_readers, reachability, readers
from pciabi.probe.equipment import Equipped
from pciabi.probe.fact_readers import Emulated, chosen_readers, machine_facts, with_facts
from pciabi.qemu import device_tree, placement
from pciabi.qemu.monitor import Monitor


@dataclass(frozen=True)
class Sighting:
    """The functions that guest and QEMU both know, those that QEMU has and no guest can find, and
    the facts about the machine."""

    functions: tuple[PlacedFunction, ...]
    unreachable: tuple[Unreachable, ...]
    facts: Facts


def agreed(
    qmp: Monitor,
    equipped: Equipped,
    stated: frozenset[str],
    guest: Sequence[PciFunction],
    interfaces: Sequence[NetworkInterface],
    families: frozenset[str],
) -> Sighting:
    """What both say of the machine.

    `stated` are the MAC addresses that QEMU was told, `families` those whose facts are read, by
    name.

    Raises Disagreement, or GuestError where a NIC lacks its driver.
    """
    paths = topology_paths(guest)
    seen = {paths[function.address]: function for function in guest}
    # The tree holds what `query-pci` leaves out: whatever is behind a bridge nobody numbered.
    tree = device_tree.read(qmp).functions
    hidden = reachability.unreachable(seen, tree)
    out_of_reach = {one.qdev_id for one in hidden}
    functions = agreement.placed(guest, placement.functions(qmp), hidden)
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
    machine = Emulated(qmp, {one.path: one for one in tree}, stated, None)
    of_qemu, of_guest = (chosen_readers(package, families) for package in (readers, guest_readers))
    functions = with_facts(functions, machine, of_qemu)
    functions = with_facts(functions, interfaces, of_guest)
    return Sighting(functions, hidden, machine_facts(machine, of_qemu))
