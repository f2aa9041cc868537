"""The `-device` of a disk, by the bus that it is on.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildDiskDeviceProps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, block_backends, disk_places, iothreads, virtio
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.disk_places import DiskPlace
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.vocabulary import chosen
from pciabi.vm.domain.words import Property, stated
from pciabi.vm.libvirt_devices import disk_bus
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element

_CD_ROM, _LUN, _FLOPPY = "cdrom", "lun", "floppy"
# A property of three values, so none of JSON's own switches.
_WRITE_CACHE: Mapping[str, str | None] = MappingProxyType(
    {
        "default": None,
        **dict.fromkeys(("none", "writeback", "unsafe"), "on"),
        **dict.fromkeys(("writethrough", "directsync"), "off"),
    }
)
_POLICIES: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in ("stop", "report", "ignore")},
        "enospace": "enospc",
    }
)
_FOR_WRITING_ALONE = "enospc"


def device(domain: Domain, disk: Element) -> Option:
    """The `-device` of a disk. Raises InputError."""
    kind = disk.attributes.get("device", "disk")
    bus = disk_bus(disk)
    of_its_bus = chosen(disk, "target bus", bus, _BUSES, disk.child("target"))
    shareable = disk.child("shareable")
    return domain.device(
        of_its_bus(domain, disk),
        stated(shareable, ("share-rw", True)) if shareable is not None else (),
        block_backends.reference(domain, disk),
        stated(disk, ("id", domain.alias(disk))),
        domain.boot_index(disk) if kind != _FLOPPY else (),
        tuple(_of_media(domain, disk)),
        tuple(_identity(disk)),
        _of_driver(disk),
    )


def _ide(domain: Domain, disk: Element) -> tuple[Property, ...]:
    place = _place(disk)
    if domain.family is Family.I440FX:
        name = "ide"
    else:
        name = domain.alias(domain.controller("ide", place.controller, disk))
    driver = _by_media(disk, "ide-hd", "ide-cd")
    return (
        *stated(disk, ("driver", driver), ("bus", f"{name}.{place.bus}"), ("unit", place.unit)),
        *_ide_model(domain, disk),
    )


def _sata(domain: Domain, disk: Element) -> tuple[Property, ...]:
    place = _place(disk)
    if domain.family is Family.Q35 and place.controller == 0:
        name = "ide"
    else:
        name = domain.alias(domain.controller("sata", place.controller, disk))
    driver = _by_media(disk, "ide-hd", "ide-cd")
    return (
        *stated(disk, ("driver", driver), ("bus", f"{name}.{place.unit}")),
        *_ide_model(domain, disk),
    )


def _scsi(domain: Domain, disk: Element) -> tuple[Property, ...]:
    if disk.attributes.get("device") == _LUN:
        driver, device_id = "scsi-block", None
    else:
        driver = _by_media(disk, "scsi-hd", "scsi-cd")
        # QEMU once took the drive's name for it.
        device_id = _text(disk, "serial") or f"drive-{domain.alias(disk)}"
    target = disk.child("target") or disk
    can_be_removable = driver == "scsi-hd" and domain.dialect.has(Trait.SCSI_REMOVABLE)
    return (
        *stated(disk, ("driver", driver)),
        *addresses.scsi(domain, disk, _place(disk)),
        *stated(disk, ("device_id", device_id)),
        *stated(disk.child("product") or disk, ("product", _text(disk, "product"))),
        *stated(target, ("removable", switch(target, "removable") if can_be_removable else None)),
    )


def _virtio(domain: Domain, disk: Element) -> tuple[Property, ...]:
    base = "vhost-user-blk" if block_backends.is_served(disk) else "virtio-blk"
    model = disk.attributes.get("model", "virtio")
    found = disk.child("driver")
    return (
        *virtio.driver(base, disk, disk, model),
        *virtio.options(domain, disk),
        *(_of_virtio(domain, found) if found is not None else ()),
        *stated(disk, ("scsi", _passes_scsi(domain, disk))),
        *addresses.pci(domain, disk),
    )


def _passes_scsi(domain: Domain, disk: Element) -> bool | None:
    is_lun = disk.attributes.get("device") == _LUN and not block_backends.is_served(disk)
    return True if is_lun and not domain.dialect.has(Trait.LUN_WITHOUT_SCSI) else None


def _of_virtio(domain: Domain, driver: Element) -> tuple[Property, ...]:
    thread = number(driver, "iothread")
    has_mapping = domain.dialect.has(Trait.IOTHREAD_MAPPING)
    has_size = domain.dialect.has(Trait.DISK_QUEUE_SIZE)
    return stated(
        driver,
        ("iothread", f"iothread{thread}" if thread else None),
        ("ioeventfd", switch(driver, "ioeventfd")),
        ("event_idx", switch(driver, "event_idx")),
        ("num-queues", number(driver, "queues") or None),
        ("queue-size", (number(driver, "queue_size") or None) if has_size else None),
        ("iothread-vq-mapping", iothreads.mapping(driver) if has_mapping else None),
    )


def _usb(domain: Domain, disk: Element) -> tuple[Property, ...]:
    target = disk.child("target") or disk
    removable = switch(target, "removable") or False
    return (
        *stated(disk, ("driver", "usb-storage")),
        *addresses.off_pci(domain, disk),
        *stated(target, ("removable", removable)),
    )


def _floppy(_domain: Domain, disk: Element) -> tuple[Property, ...]:
    return stated(disk, ("driver", "floppy"), ("unit", _place(disk).unit))


_BUSES: Mapping[str, Callable[[Domain, Element], tuple[Property, ...]]] = MappingProxyType(
    {
        "ide": _ide,
        "sata": _sata,
        "scsi": _scsi,
        "virtio": _virtio,
        "usb": _usb,
        "fdc": _floppy,
    }
)


def _place(disk: Element) -> DiskPlace:
    place = disk_places.place(disk)
    if place is None:
        raise InputError("<disk> sits on no controller", place=disk.start)
    return place


def _by_media(disk: Element, of_disks: str, of_cd_roms: str) -> str:
    return of_cd_roms if disk.attributes.get("device") == _CD_ROM else of_disks


def _ide_model(domain: Domain, disk: Element) -> tuple[Property, ...]:
    product = _text(disk, "product")
    if product is None:
        return ()
    name = "model" if domain.dialect.has(Trait.IDE_MODEL) else "product"
    return stated(disk.child("product") or disk, (name, product))


def _of_media(domain: Domain, disk: Element) -> Iterator[Property]:
    """Block sizes, geometry, rotation."""
    if (sizes := disk.child("blockio")) is not None:
        has_discard = domain.dialect.has(Trait.DISK_DISCARD_GRANULARITY)
        discard = number(sizes, "discard_granularity") if has_discard else 0
        yield from stated(
            sizes,
            ("logical_block_size", number(sizes, "logical_block_size") or None),
            ("physical_block_size", number(sizes, "physical_block_size") or None),
            ("discard_granularity", discard or None),
        )
    target = disk.child("target")
    if target is not None and domain.dialect.has(Trait.DISK_ROTATION_RATE):
        yield from stated(target, ("rotation_rate", number(target, "rotation_rate") or None))
    if (geometry := disk.child("geometry")) is not None:
        yield from stated(
            geometry,
            *((name, number(geometry, name) or None) for name in ("cyls", "heads", "secs")),
            ("bios-chs-trans", geometry.attributes.get("trans")),
        )


def _identity(disk: Element) -> Iterator[Property]:
    """What a guest tells the disk by."""
    if (wwn := disk.child("wwn")) is not None:
        text = wwn.text.strip()
        try:
            yield from stated(wwn, ("wwn", int(text, 16)))
        except ValueError:
            raise InputError(
                f"<disk>: wwn {text[:40]!r} is not a hexadecimal number", place=wwn.start
            ) from None
    yield from stated(disk.child("vendor") or disk, ("vendor", _text(disk, "vendor")))
    serial = _text(disk, "serial")
    if serial is not None:
        # libvirt escapes blanks, which nobody undoes: guests see it so.
        escaped = serial.replace(" ", "\\ ")
        yield from stated(disk.child("serial") or disk, ("serial", escaped))


def _of_driver(disk: Element) -> tuple[Property, ...]:
    driver = disk.child("driver") or disk
    mode = driver.attributes.get("cache", "default")
    cache = chosen(disk, "driver cache", mode, _WRITE_CACHE, driver)
    if mode == "default" and disk.child("shareable") and not disk.child("readonly"):
        # Two guests see what either writes (qemuDomainPrepareDiskCachemode).
        cache = _WRITE_CACHE["none"]
    written = driver.attributes.get("error_policy")
    read = driver.attributes.get("rerror_policy")
    writing = chosen(disk, "error_policy", written, _POLICIES, driver) if written else None
    reading = chosen(disk, "rerror_policy", read, _POLICIES, driver) if read else writing
    if reading == _FOR_WRITING_ALONE:
        reading = None
    is_lun = disk.attributes.get("device") == _LUN
    return stated(
        driver,
        ("write-cache", None if is_lun else cache),
        ("werror", writing),
        ("rerror", reading),
    )


def _text(disk: Element, name: str) -> str | None:
    child = disk.child(name)
    return (child.text.strip() or None) if child is not None else None
