"""`<disk>`, `<filesystem>`, `<lease>`: the device stays, images, folders and daemons go."""

from __future__ import annotations

from pciabi.abi.snapshot import EVERY_FIELD
from pciabi.libvirt.inert.allow_list import described, refused
from pciabi.libvirt.inert.common import (
    NO_HOST,
    NOTHING,
    NOWHERE,
    VIRTIO,
    Treatment,
    Turn,
    containing,
    device,
    having,
    lacking,
    left_out,
    made,
    whole,
    without,
)
from pciabi.vm.domain import marks
from pciabi.vm.xml_tree import Element

_NBD = "an NBD export that is not there"
# A disk that passes SCSI commands on is one of iSCSI or a block device: libvirt wants it so.
_ISCSI_TARGET = "iqn.2000-01.invalid.pciabi/1"
_NO_MEDIUM = ("cdrom", "floppy")


def _disk(kept: Element, turn: Turn) -> Element:
    source = turn.element.child("source")
    kind = turn.element.attributes.get("type", "file")
    is_empty = source is None or not (source.attributes or source.children)
    if is_empty and kept.attributes.get("device") in _NO_MEDIUM:
        return having(_raw(kept), type="file")
    written = described(lacking(turn.element, "model"))
    if source is not None and kind == "network":
        written += described(source)
    if kind == "vhostuser":
        turn.record.tell(written, "a socket that is not there")
        socket = made(kept, "source", type="unix", path=f"{NOWHERE}/vhost-user-blk")
        return containing(having(kept, type="vhostuser"), socket)
    if kept.attributes.get("device") == "lun":
        turn.record.tell(written, "an iSCSI target that is not there")
        host = made(kept, "host", name=NO_HOST, port="3260")
        source = made(kept, "source", host, protocol="iscsi", name=_ISCSI_TARGET)
    else:
        turn.record.tell(written, _NBD)
        host = made(kept, "host", transport="unix", socket=f"{NOWHERE}/nbd")
        source = made(kept, "source", host, protocol="nbd", name=NOTHING)
    return containing(having(_raw(kept), type="network"), source)


def _raw(disk: Element) -> Element:
    driver = disk.child("driver") or made(disk, "driver")
    return containing(disk, having(driver, name="qemu", type="raw"))


DISK: Treatment = device(
    f"""
    : device model
    target: dev bus removable rotation_rate
    driver: cache discard detect_zeroes error_policy rerror_policy copy_on_read iothread queues
    driver: queue_size ioeventfd event_idx {VIRTIO}
    driver/iothreads/iothread: id
    driver/iothreads/iothread/queue: id
    readonly:
    shareable:
    serial: #*
    wwn: #
    vendor: #*
    product: #*
    geometry: cyls heads secs trans
    blockio: logical_block_size physical_block_size discard_granularity
    """,
    """
    : type snapshot sgio rawio
    target: tray
    driver: name type io discard_no_unref
    driver/metadata_cache:
    driver/statistics:
    source:
    backingStore:
    mirror:
    auth:
    encryption:
    iotune:
    throttlefilters:
    transient:
    backenddomain:
    privateData:
    """,
    _disk,
)


def _filesystem(kept: Element, turn: Turn) -> Element:
    type_ = turn.element.attributes.get("type", "mount")
    if type_ != "mount":
        raise refused(turn.element, f"QEMU serves no file system of type {type_[:20]!a}")
    turn.record.tell("<filesystem><source>", "a folder that is not there")
    inert = containing(kept, made(kept, "source", dir=f"{NOWHERE}/folder"))
    if kept.value("driver", "type") != "virtiofs":
        return inert
    if kept.attributes.get("model") == "virtio-transitional":
        raise refused(turn.element, "QEMU has no transitional device for virtiofs")
    # As an ordinary user libvirt refuses virtiofs until 10.0. It places both alike:
    # src/qemu/qemu_domain_address.c, qemuDomainDeviceCalculatePCIConnectFlags.
    turn.record.tell("<filesystem><driver type='virtiofs'>", "type='path'", EVERY_FIELD)
    driver = lacking(kept.child("driver") or kept, "queue", "type")
    plain = without(containing(inert, having(driver, type="path")), "boot")
    return marks.as_another(lacking(plain, "accessmode"))


FILESYSTEM: Treatment = device(
    f"""
    : type accessmode model multidevs fmode dmode
    driver: type format wrpolicy name queue queues {VIRTIO}
    target: dir*
    readonly:
    """,
    """
    source:
    binary:
    idmap:
    space_hard_limit:
    space_soft_limit:
    """,
    _filesystem,
)


LEASE: Treatment = whole(left_out)
