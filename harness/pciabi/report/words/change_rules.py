"""The kinds of change as SARIF rules: what each is, and what to do about it. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pciabi.abi.change import Kind
from pciabi.report.sarif import Rule

UNKNOWN = "unknown"


_PIN = (
    "Pin the device's address in the configuration: `addr=` (and `bus=`), or libvirt's <address>."
)
_KEEP = (
    "Keep the old hypervisor or machine type for existing guests, or set the device's "
    "compatibility property, and report it to QEMU where the machine type is versioned."
)


def _rule(kind: Kind, title: str, meaning: str, remedy: str) -> tuple[str, Rule]:
    return kind.value, Rule(kind.value, title, meaning, remedy)


RULES: Mapping[str, Rule] = MappingProxyType(
    dict(
        (
            _rule(
                Kind.MOVED,
                "Device moved",
                "The device sits at another place in the PCI topology. Windows takes it for new "
                "hardware; Linux renames network interfaces that are named by slot or path.",
                _PIN,
            ),
            _rule(
                Kind.RENUMBERED,
                "Device renumbered",
                "The device kept its place, but a bus in front of it has another number, so its "
                "guest address differs and Linux renames interfaces named by path.",
                "Add bridges and root ports behind the existing ones, and pin their addresses.",
            ),
            _rule(
                Kind.VANISHED,
                "Device vanished",
                "The guest loses a device it has seen before.",
                "Restore the device, or tell the guest's owner that it goes.",
            ),
            _rule(
                Kind.APPEARED,
                "Device appeared",
                "The guest finds a device it has not seen before.",
                "Turn the new default device off, or tell the guest's owner that it comes.",
            ),
            _rule(
                Kind.IDENTITY,
                "Identity changed",
                "Vendor, device, revision or subsystem ids differ: Windows builds the device's "
                "id from them, and drivers are chosen by them.",
                _KEEP,
            ),
            _rule(
                Kind.CLASS,
                "Class changed",
                "The class code differs: systems without a driver for the ids choose by class.",
                _KEEP,
            ),
            _rule(
                Kind.HEADER,
                "Header changed",
                "A register of the configuration header differs that the guest can only read.",
                _KEEP,
            ),
            _rule(
                Kind.CAPABILITY,
                "Capability changed",
                "A capability came, went, moved or holds another fixed value: drivers find "
                "features through the capability list.",
                _KEEP,
            ),
            _rule(
                Kind.BAR,
                "BAR changed",
                "A base address register came, went, or is of another kind or size.",
                _KEEP,
            ),
            _rule(
                Kind.ROM,
                "Expansion ROM changed",
                "The expansion ROM came, went, or is of another size.",
                "Pass the old ROM with `romfile=`, or set `rombar=` and `romsize=`.",
            ),
            _rule(
                Kind.INTERRUPT,
                "Interrupts changed",
                "The number of vectors, the table's place or the interrupt pin differs: drivers "
                "spread their queues over the vectors.",
                "Set `vectors=` explicitly.",
            ),
            _rule(
                Kind.NAME,
                "Interface name changed",
                "The guest gives the network interface another name at the same address.",
                "Set `acpi-index=` alike, or name the interface by MAC address in the guest.",
            ),
            _rule(
                Kind.PROPERTY,
                "Identifying property changed",
                "The MAC address, serial number, ACPI index or mount tag differs: guests tell "
                "devices by them.",
                "State the property (`mac=`, `serial=`, …) with its old value.",
            ),
            _rule(
                Kind.REGISTER,
                "Device-specific register changed",
                "A register outside header and capabilities starts from another value; only the "
                "device's documentation tells what it means.",
                "Look the register up in the device's documentation.",
            ),
            _rule(
                Kind.DRIVER,
                "Kernel driver changed",
                "The guest bound another kernel driver; that is the choice of its software.",
                "Nothing, where the guest's kernel was changed on purpose.",
            ),
            (
                UNKNOWN,
                Rule(
                    UNKNOWN,
                    "Not known",
                    "At least one side did not show this, so nothing is proved about it.",
                    "Take both sides with the same probe, and from the whole of lspci's output "
                    "(`lspci -D -nn -vvv -xxxx`, as root).",
                    "none",
                ),
            ),
        )
    )
)
