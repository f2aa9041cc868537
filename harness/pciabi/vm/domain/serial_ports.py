"""`<serial>`, `<parallel>`, `<channel>` and `<console>`.

Only pci-serial is a PCI device; ISA ports are in the ACPI tables.
Source: libvirt, src/qemu/qemu_command.c, qemuBuildSerialCommandLine and those after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, characters
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, missing, must_know
from pciabi.vm.domain.words import Form, option, stated
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | {"@type", "target", "target@type", "target@port", "target@name"}
    | {"target/model", "target/model@name"},
    {
        **characters.HARMLESS,
        "target@address": "of the host's forwarding to an address",
        "target@state": "whether the guest has opened it",
    },
)
# By target type, where no model is written: virDomainChrSerialTargetModel.
_OF_TARGET: Mapping[str, str] = MappingProxyType(
    {
        "isa-serial": "isa-serial",
        "usb-serial": "usb-serial",
        "pci-serial": "pci-serial",
        "isa-debug": "isa-debugcon",
        "serial": "isa-serial",
    }
)
_MODELS = frozenset(_OF_TARGET.values())
_OF_ISA, _OF_PCI = "isa-serial", "pci-serial"
_SPICE_PORT = "com.redhat.spice.0"


def serials(domain: Domain) -> Iterator[Option]:
    """A `-chardev` and a `-device` for each serial port. Raises InputError."""
    has_spice = any(g.attributes.get("type") == "spice" for g in domain.each("graphics"))
    for serial in domain.each("serial"):
        must_know(serial, _VOCABULARY)
        if serial.attributes.get("type") == "spiceport" and not has_spice:
            continue
        alias = domain.alias(serial)
        yield characters.backend(serial, alias)
        model = _model(serial)
        has_index = model == _OF_ISA and domain.dialect.has(Trait.SERIAL_INDEX)
        index = _port(domain, serial) if has_index else None
        place = addresses.pci if model == _OF_PCI else addresses.off_pci
        yield domain.device(
            stated(serial, ("driver", model), ("chardev", f"char{alias}"), ("id", alias)),
            stated(serial.child("target") or serial, ("index", index)),
            place(domain, serial),
        )


def parallels(domain: Domain) -> Iterator[Option]:
    """A `-chardev` and a `-device` for each parallel port. Raises InputError."""
    for parallel in domain.each("parallel"):
        must_know(parallel, _VOCABULARY)
        alias = domain.alias(parallel)
        yield characters.backend(parallel, alias)
        yield domain.device(
            stated(parallel, ("driver", "isa-parallel"), ("chardev", f"char{alias}"), ("id", alias))
        )


def channels(domain: Domain) -> Iterator[Option]:
    """A `-chardev` and a port of a virtio-serial controller, or a connection of user mode
    networking, for each channel. Raises InputError."""
    for channel in domain.each("channel"):
        must_know(channel, _VOCABULARY)
        alias = domain.alias(channel)
        yield characters.backend(channel, alias)
        target = channel.child("target") or channel
        kind = channel.value("target", "type") or ""
        driver = chosen(channel, "target type", kind, _CHANNELS, target)
        if driver is None:
            yield option(
                "netdev", stated(target, ("type", "user"), ("id", alias)), Form.KEY_VALUE, "type"
            )
        else:
            yield _port_of_virtio(domain, channel, driver)


def consoles(domain: Domain) -> Iterator[Option]:
    """A `-chardev` and a port of a virtio-serial controller for each console that is not the
    first serial port once more. Raises InputError."""
    for console in domain.each("console"):
        must_know(console, _VOCABULARY)
        kind = console.value("target", "type") or "serial"
        driver = chosen(console, "target type", kind, _CONSOLES, console.child("target"))
        if driver is None and not any(domain.each("serial")):
            raise missing(console, "has no serial port: libvirt would add a <serial>")
        if driver is not None:
            yield characters.backend(console, domain.alias(console))
            yield _port_of_virtio(domain, console, driver)


_CHANNELS: Mapping[str, str | None] = MappingProxyType(
    {"virtio": "virtserialport", "guestfwd": None}
)
_CONSOLES: Mapping[str, str | None] = MappingProxyType({"virtio": "virtconsole", "serial": None})


def _model(serial: Element) -> str:
    target = serial.child("target")
    written = target.value("model", "name") if target is not None else None
    if target is not None and written is not None:
        known = {name: name for name in _MODELS}
        return chosen(serial, "target model", written, known, target.child("model"))
    kind = target.attributes.get("type", _OF_ISA) if target is not None else _OF_ISA
    return chosen(serial, "target type", kind, _OF_TARGET, target)


def _port(domain: Domain, serial: Element) -> int:
    """The number of a port: written, or the one after the highest of those before it."""
    highest = -1
    for other in domain.each("serial"):
        target = other.child("target")
        is_stated = target is not None and "port" in target.attributes
        at = number(target, "port") if target is not None and is_stated else highest + 1
        if other is serial:
            return at
        highest = max(highest, at)
    return highest + 1


def _port_of_virtio(domain: Domain, device: Element, driver: str) -> Option:
    alias = domain.alias(device)
    name = device.value("target", "name")
    if name is None and device.attributes.get("type") == "spicevmc":
        name = _SPICE_PORT
    return domain.device(
        stated(device, ("driver", driver)),
        addresses.off_pci(domain, device),
        stated(device, ("chardev", f"char{alias}"), ("id", alias)),
        stated(
            device.child("target") or device, ("name", name if driver != "virtconsole" else None)
        ),
    )
