"""`-blockdev` for what a disk is: one node in place of the chain that libvirt makes of the image.

An image's content, format and place are nothing that PCI shows.
Source: libvirt, src/qemu/qemu_command.c, qemuBuildDiskSourceCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import characters
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.vocabulary import chosen
from pciabi.vm.domain.words import Form, Property, option, stated
from pciabi.vm.xml_tree import Element

WORDS = frozenset({"driver@type", "driver@discard", "driver@detect_zeroes", "source"})
"""What a disk's element says of its image that is looked at."""
HARMLESS: Mapping[str, str] = MappingProxyType(
    {
        "source/**": "which image it is, and how the host comes to it",
        "backingStore/**": "what the image is based on",
        "backingStore": "what the image is based on",
        "mirror/**": "a copy that is being made",
        "mirror": "a copy that is being made",
        "encryption/**": "how the image is stored",
        "encryption": "how the image is stored",
        "auth/**": "how the host comes to it",
        "auth": "how the host comes to it",
        "driver@io": "how the host reads and writes it",
        "driver@discard_no_unref": "how the host stores it",
        "driver@max_bufs": "how the host reads and writes it",
        "driver/metadata_cache/**": "what the host keeps of it",
        "driver/metadata_cache": "what the host keeps of it",
        "driver@copy_on_read": "whether what is read is kept in the image",
    }
)
"""What it says of its image that makes no difference on PCI."""

_VHOST_USER = "vhostuser"
# What says that there is an image, by its source's attributes: src/conf/storage_source_conf.c,
# virStorageSourceIsEmpty.
_SAYS_AN_IMAGE = frozenset({"file", "dev", "dir", "protocol", "pool", "volume", "type", "fdgroup"})
_DISCARDS = {name: name for name in ("unmap", "ignore")}
_DETECTS = {name: name for name in ("off", "on", "unmap")}
_READ_ONLY = "cdrom"


def backend(domain: Domain, disk: Element) -> Iterator[Option]:
    """The image of a disk, or the connection to the daemon that serves it; nothing for an empty
    drive. Raises InputError."""
    if is_served(disk):
        yield characters.socket(disk, domain.alias(disk))
    elif not _is_empty(disk):
        yield _node(domain, disk)


def reference(domain: Domain, disk: Element) -> tuple[Property, ...]:
    """How a device names its image. Raises InputError."""
    if is_served(disk):
        return stated(disk, ("chardev", characters.served(domain.alias(disk))))
    source = disk.child("source") or disk
    return () if _is_empty(disk) else stated(source, ("drive", _node_name(domain, disk)))


def is_served(disk: Element) -> bool:
    """Whether a daemon is the disk."""
    return disk.attributes.get("type") == _VHOST_USER


def _is_empty(disk: Element) -> bool:
    source = disk.child("source")
    return source is None or not (_SAYS_AN_IMAGE & source.attributes.keys())


def _node(domain: Domain, disk: Element) -> Option:
    driver = disk.child("driver")
    written = driver.attributes if driver is not None else {}
    format_ = written.get("type", "raw")
    discard, detect = written.get("discard"), written.get("detect_zeroes")
    if discard is not None:
        discard = chosen(disk, "driver discard", discard, _DISCARDS, driver)
    if detect is not None:
        detect = chosen(disk, "driver detect_zeroes", detect, _DETECTS, driver)
    if detect == "unmap" and discard != "unmap":
        detect = "on"
    is_read_only = disk.attributes.get("device") == _READ_ONLY or disk.child("readonly") is not None
    properties = (
        *stated(driver or disk, ("driver", format_)),
        *stated(disk.child("source") or disk, ("node-name", _node_name(domain, disk))),
        *stated(disk.child("readonly") or disk, ("read-only", is_read_only)),
        *stated(driver or disk, ("discard", discard), ("detect-zeroes", detect)),
    )
    return option("blockdev", properties, Form.JSON, "driver")


def _node_name(domain: Domain, disk: Element) -> str:
    """The name of the node. libvirt counts them in an order of its own, which nothing shows."""
    for at, other in enumerate(domain.each("disk"), 1):
        if other is disk:
            return f"libvirt-{at}-format"
    raise AssertionError("a disk of another domain")
