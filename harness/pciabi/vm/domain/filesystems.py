"""`<filesystem>`: folders of the host's.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildFilesystemCommandLine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, boot_order, characters, virtio
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Form, option, stated
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | boot_order.WORDS
    | virtio.DRIVER_OPTIONS
    | {"@type", "@model", "driver@type", "driver@queue", "target", "target@dir"},
    {
        "@accessmode": "which rights of the host's it takes",
        "@multidevs": "how the host's files are numbered",
        "@fmode": "which rights new files get",
        "@dmode": "which rights new folders get",
        "driver@wrpolicy": "how the host writes",
        "driver@format": "how the image is stored",
        "driver@name": "who reads the image",
        "source/**": "which folder it is",
        "binary/**": "which program of the host's serves it",
        "binary": "which program of the host's serves it",
        "idmap/**": "who owns the files",
        "idmap": "who owns the files",
        "readonly": "what the host allows",
        "space_hard_limit/**": "what a container may use",
        "space_soft_limit/**": "what a container may use",
    },
)


def options(domain: Domain) -> Iterator[Option]:
    """The backend and the `-device` of each. Raises InputError."""
    for filesystem in domain.each("filesystem"):
        must_know(filesystem, _VOCABULARY)
        kind = filesystem.value("driver", "type") or "path"
        write = chosen(filesystem, "driver type", kind, _DRIVERS, filesystem.child("driver"))
        yield from write(domain, filesystem)


def _path(domain: Domain, filesystem: Element) -> Iterator[Option]:
    alias = domain.alias(filesystem)
    folder = f"fsdev-{alias}"
    backend = stated(filesystem, ("fsdriver", "local"), ("id", folder))
    yield option("fsdev", backend, Form.KEY_VALUE, "fsdriver")
    model = filesystem.attributes.get("model", "virtio")
    target = filesystem.child("target") or filesystem
    yield domain.device(
        virtio.driver("virtio-9p", filesystem, filesystem, model),
        virtio.options(domain, filesystem),
        stated(filesystem, ("id", alias), ("fsdev", folder)),
        stated(target, ("mount_tag", target.attributes.get("dir", ""))),
        addresses.pci(domain, filesystem),
    )


def _virtiofs(domain: Domain, filesystem: Element) -> Iterator[Option]:
    alias = domain.alias(filesystem)
    yield characters.socket(filesystem, alias)
    model = filesystem.attributes.get("model", "virtio")
    target = filesystem.child("target") or filesystem
    driver = filesystem.child("driver") or filesystem
    boots = domain.dialect.has(Trait.FILESYSTEM_BOOT)
    yield domain.device(
        virtio.driver("vhost-user-fs", filesystem, filesystem, model),
        virtio.options(domain, filesystem),
        stated(
            filesystem,
            ("id", alias if domain.dialect.has(Trait.VIRTIOFS_ID) else None),
            ("chardev", characters.served(alias)),
        ),
        stated(driver, ("queue-size", number(driver, "queue") or None)),
        stated(target, ("tag", target.attributes.get("dir", ""))),
        domain.boot_index(filesystem) if boots else (),
        addresses.pci(domain, filesystem),
    )


def _mtp(domain: Domain, filesystem: Element) -> Iterator[Option]:
    source, target = (filesystem.child(name) or filesystem for name in ("source", "target"))
    is_read_only = filesystem.child("readonly") is not None
    yield domain.device(
        stated(filesystem, ("driver", "usb-mtp"), ("id", domain.alias(filesystem))),
        stated(source, ("rootdir", source.attributes.get("dir"))),
        stated(target, ("desc", target.attributes.get("dir"))),
        stated(filesystem, ("readonly", is_read_only)),
        addresses.off_pci(domain, filesystem),
    )


_DRIVERS: Mapping[str, Callable[[Domain, Element], Iterator[Option]]] = MappingProxyType(
    {"path": _path, "handle": _path, "virtiofs": _virtiofs, "mtp": _mtp}
)
