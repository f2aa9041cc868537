"""`<controller>` of disks, of serial ports and of card readers.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildControllerSCSIDevProps and
qemuBuildControllerDevProps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, iothreads, virtio
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know, unknown
from pciabi.vm.domain.words import Property, stated
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element

_NAMED = addresses.PCI_WORDS | {"@type", "@index", "@model"}
_PLAIN = Vocabulary(_NAMED)
_SCSI = Vocabulary(
    _NAMED
    | virtio.DRIVER_OPTIONS
    | {f"driver@{word}" for word in ("queues", "cmd_per_lun", "max_sectors", "ioeventfd")}
    | {"driver@iothread"}
    | iothreads.MAPPING_WORDS
)
_SERIAL = Vocabulary(_NAMED | virtio.DRIVER_OPTIONS | {"@ports", "@vectors"})
_NVME = Vocabulary(_NAMED | {"serial"})
_VIRTIO_SCSI: Mapping[str, str] = MappingProxyType(
    {
        "virtio-scsi": "virtio",
        "virtio-transitional": "virtio-transitional",
        "virtio-non-transitional": "virtio-non-transitional",
    }
)
# QEMU's drivers of the others, and none for those that libvirt refuses on a PC.
_SCSI_DRIVERS: Mapping[str, str] = MappingProxyType(
    {
        "lsilogic": "lsi",
        "lsisas1068": "mptsas1068",
        "lsisas1078": "megasas",
        "vmpvscsi": "pvscsi",
        "am53c974": "am53c974",
        "dc390": "dc-390",
    }
)


def scsi(domain: Domain, controller: Element) -> Iterator[Option]:
    """A SCSI controller's `-device`. Raises InputError."""
    must_know(controller, _SCSI)
    model = controller.attributes.get("model", "")
    if model in _VIRTIO_SCSI:
        yield domain.device(
            virtio.driver("virtio-scsi", controller, controller, _VIRTIO_SCSI[model]),
            virtio.options(domain, controller),
            _of_virtio_scsi(domain, controller),
            addresses.pci(domain, controller),
        )
    else:
        yield _device(domain, controller, chosen(controller, "model", model, _SCSI_DRIVERS))


def _of_virtio_scsi(domain: Domain, controller: Element) -> tuple[Property, ...]:
    driver = controller.child("driver") or controller
    thread = number(driver, "iothread")
    has_mapping = domain.dialect.has(Trait.SCSI_IOTHREAD_MAPPING)
    return (
        *stated(
            driver,
            ("iothread", f"iothread{thread}" if thread else None),
            ("iothread-vq-mapping", iothreads.mapping(driver) if has_mapping else None),
        ),
        *stated(controller, ("id", domain.alias(controller))),
        *stated(
            driver,
            ("num_queues", number(driver, "queues") or None),
            ("cmd_per_lun", number(driver, "cmd_per_lun") or None),
            ("max_sectors", number(driver, "max_sectors") or None),
            ("ioeventfd", switch(driver, "ioeventfd")),
        ),
    )


def sata(domain: Domain, controller: Element) -> Iterator[Option]:
    """A SATA controller's `-device`, but for the one that Q35 has. Raises InputError."""
    must_know(controller, _PLAIN)
    if domain.family is not Family.Q35 or number(controller, "index") != 0:
        yield _device(domain, controller, "ahci")


def ide(domain: Domain, controller: Element) -> Iterator[Option]:
    """Nothing: libvirt knows no IDE controller but the one that i440FX has. Raises InputError."""
    must_know(controller, _PLAIN)
    if domain.family is not Family.I440FX or number(controller, "index") != 0:
        raise unknown(controller, "type='ide' that the chipset does not have")
    yield from ()


def floppy(_domain: Domain, controller: Element) -> Iterator[Option]:
    """Nothing: the floppy disks' writer has it. Raises InputError."""
    must_know(controller, _PLAIN)
    yield from ()


def virtio_serial(domain: Domain, controller: Element) -> Iterator[Option]:
    """A controller of virtio serial ports. Raises InputError."""
    must_know(controller, _SERIAL)
    model = controller.attributes.get("model") or "virtio"
    written = controller.attributes
    yield domain.device(
        virtio.driver("virtio-serial", controller, controller, model),
        virtio.options(domain, controller),
        stated(
            controller,
            ("id", domain.alias(controller)),
            ("max_ports", number(controller, "ports") if "ports" in written else None),
            ("vectors", number(controller, "vectors") if "vectors" in written else None),
        ),
        addresses.pci(domain, controller),
    )


def card_reader(domain: Domain, controller: Element) -> Iterator[Option]:
    """A reader of smart cards, on USB. Raises InputError."""
    must_know(controller, _PLAIN)
    yield domain.device(
        stated(controller, ("driver", "usb-ccid"), ("id", domain.alias(controller))),
        addresses.off_pci(domain, controller),
    )


def nvme(domain: Domain, controller: Element) -> Iterator[Option]:
    """An NVMe controller. Raises InputError."""
    must_know(controller, _NVME)
    domain.must_know(Trait.NVME_CONTROLLER, controller, "type='nvme'")
    serial = controller.child("serial") or controller
    yield domain.device(
        stated(controller, ("driver", "nvme"), ("id", domain.alias(controller))),
        stated(serial, ("serial", serial.text.strip() or None)),
        addresses.pci(domain, controller),
    )


def _device(domain: Domain, controller: Element, driver: str) -> Option:
    return domain.device(
        stated(controller, ("driver", driver), ("id", domain.alias(controller))),
        addresses.pci(domain, controller),
    )
