"""What a guest tells a device by besides its place and ids, taken from QEMU's device tree."""

from __future__ import annotations

from collections.abc import Mapping

from pciabi.abi.snapshot import Identifier, IdentifierName

# What QEMU prints for a property without a value.
_WITHOUT = {IdentifierName.ACPI_INDEX: ("", "0")}


def identifiers(
    properties: Mapping[str, str], stated_macs: frozenset[str]
) -> tuple[Identifier, ...]:
    """The identifying properties that have a value.

    `stated_macs` are the MAC addresses that the configuration states. Anything else here has a
    value only where the configuration gives it one.
    """
    return tuple(
        Identifier(name, value, name is not IdentifierName.MAC or value in stated_macs)
        for name in IdentifierName
        if (value := properties.get(name, "")) not in _WITHOUT.get(name, ("",))
    )
