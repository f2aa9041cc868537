"""Where a disk sits on its controller: as written, or where libvirt puts it by its target's name.

Source: libvirt, src/conf/domain_postparse.c, virDomainDiskDefAssignAddress; src/util/virutil.c,
virDiskNameParse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pciabi.errors import InputError
from pciabi.vm.domain.numbers import number
from pciabi.vm.libvirt_devices import disk_bus, own_address
from pciabi.vm.xml_tree import Element

_NAME = re.compile(r"(?:fd|hd|vd|sd|xvd|ubd)([a-z]+)\d*|(?:nvme)(\d+)(?:n\d+)?(?:p\d+)?")
_LONGEST_NAME = 20
_SCSI_UNITS = 15
_CONTROLLERS_OWN_UNIT = 7
_IDE_DISKS, _IDE_UNITS = 4, 2
_SATA_UNITS = 6
_FLOPPIES = 2


@dataclass(frozen=True)
class DiskPlace:
    """Controller, and bus, target and unit on it."""

    controller: int
    bus: int
    target: int
    unit: int


def place(disk: Element) -> DiskPlace | None:
    """A disk's place; None for a disk that is a device of its own, on PCI or on USB.

    Raises InputError where it is neither written nor to be had from the target's name.
    """
    kind = disk_bus(disk)
    if kind not in ("ide", "sata", "scsi", "fdc"):
        return None
    address = own_address(disk)
    if address is not None and address.attributes.get("type") == "drive":
        return written_place(address)
    index = index_of_name(disk)
    if kind == "ide":
        controller, rest = divmod(index, _IDE_DISKS)
        return DiskPlace(controller, rest // _IDE_UNITS, 0, rest % _IDE_UNITS)
    if kind == "sata":
        controller, unit = divmod(index, _SATA_UNITS)
    elif kind == "fdc":
        controller, unit = divmod(index, _FLOPPIES)
    else:
        controller, unit = divmod(index, _SCSI_UNITS)
        unit += unit >= _CONTROLLERS_OWN_UNIT
    return DiskPlace(controller, 0, 0, unit)


def written_place(address: Element) -> DiskPlace:
    """The place that an `<address type='drive'>` says. Raises InputError."""
    names = ("controller", "bus", "target", "unit")
    return DiskPlace(*(number(address, name) for name in names))


def index_of_name(disk: Element) -> int:
    """Which one a target's name says that it is: vda 0, vdb 1, vdaa 26. Raises InputError."""
    name = disk.value("target", "dev") or ""
    found = _NAME.fullmatch(name) if len(name) <= _LONGEST_NAME else None
    if found is None:
        raise InputError(
            f"<disk>: target dev='{name[:40]}' is not the name of a disk",
            place=(disk.child("target") or disk).start,
        )
    if found[2] is not None:
        return int(found[2])
    index = 0
    for letter in found[1]:
        index = index * 26 + ord(letter) - ord("a") + 1
    return index - 1
