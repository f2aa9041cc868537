"""`<controller>`: PCI bridges and root ports, USB, SCSI, SATA, IDE and virtio-serial."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.words import option, stated
from pciabi.vm.pci_vm import Family
from pciabi.vm.xml_tree import Element

_ROOTS = ("pci-root", "pcie-root")


def options(domain: Domain) -> Iterator[Option]:
    """A `-device` for each controller that the chipset does not have. Raises InputError."""
    # PCI's come first, which the others hang from: qemuBuildControllersCommandLine.
    for controller in sorted(
        domain.each("controller"), key=lambda c: c.attributes["type"] != "pci"
    ):
        kind, model = (controller.attributes.get(name, "") for name in ("type", "model"))
        if kind == "pci" and model in _ROOTS:
            continue
        if kind == "sata" and domain.family is Family.Q35 and number(controller, "index") == 0:
            continue
        if kind == "pci" and model == "pcie-root-port":
            yield _root_port(domain, controller)
        elif kind == "usb" and model == "qemu-xhci":
            yield _device(domain, controller, "qemu-xhci")
        else:
            raise InputError(
                f"<controller type='{kind}' model='{model}'> is not known to pciabi's translation "
                "of domains",
                place=controller.start,
            )


def _root_port(domain: Domain, controller: Element) -> Option:
    name = controller.value("model", "name") or "pcie-root-port"
    target = controller.child("target") or controller
    properties = (
        *stated(controller, ("driver", name)),
        *stated(target, ("port", number(target, "port")), ("chassis", number(target, "chassis"))),
        *stated(controller, ("id", domain.alias(controller))),
        *addresses.pci(domain, controller),
    )
    return option("device", properties, domain.device_form, "driver")


def _device(domain: Domain, controller: Element, driver: str) -> Option:
    properties = stated(controller, ("driver", driver), ("id", domain.alias(controller)))
    place = addresses.pci(domain, controller)
    return option("device", (*properties, *place), domain.device_form, "driver")
