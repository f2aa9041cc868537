"""The order in which libvirt keeps a domain's disks.

Source: libvirt, src/conf/domain_conf.c, virDomainDiskInsert.
"""

from __future__ import annotations

from collections.abc import Sequence

from pciabi.vm.domain.disk_places import index_of_name
from pciabi.vm.libvirt_devices import disk_bus
from pciabi.vm.xml_tree import Element


def in_order(disks: Sequence[Element]) -> Sequence[Element]:
    """Disks of one bus together, where the first of them stands, by their targets' names.

    Raises InputError for a target whose name is none of a disk's.
    """
    kept: list[Element] = []
    for disk in disks:
        bus, index = disk_bus(disk), index_of_name(disk)
        of_its_bus = [at for at, other in enumerate(kept) if disk_bus(other) == bus]
        later = [at for at in of_its_bus if index_of_name(kept[at]) > index]
        if later:
            kept.insert(later[0], disk)
        elif of_its_bus:
            kept.insert(of_its_bus[-1] + 1, disk)
        else:
            kept.append(disk)
    return kept
