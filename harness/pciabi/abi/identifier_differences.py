"""What differs between the identifying properties of one device: MAC, serial number and such."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from pciabi.abi.change import Kind
from pciabi.abi.difference import ABSENT, Difference
from pciabi.abi.severity import Aspect
from pciabi.abi.snapshot import Identifier, IdentifierName, PlacedFunction

NAMES: Mapping[IdentifierName, str] = MappingProxyType(
    {
        IdentifierName.MAC: "MAC address",
        IdentifierName.SERIAL: "serial number",
        IdentifierName.ACPI_INDEX: "ACPI index",
        IdentifierName.MOUNT_TAG: "mount tag",
    }
)
"""What people call each."""


def identifier_differences(
    before: PlacedFunction, after: PlacedFunction, names: Collection[IdentifierName]
) -> Iterator[Difference]:
    """Properties with another value, or with one on one side only, of these names. What either
    side did not read is no difference."""
    if before.identifiers is None or after.identifiers is None:
        return
    if before.identifiers == after.identifiers:
        return
    for name in IdentifierName:
        old, new = before.identifier(name), after.identifier(name)
        if name in names and _value(old) != _value(new):
            yield Difference(
                Kind.PROPERTY, _aspect(old), NAMES[name], None, None, _value(old), _value(new)
            )


def _value(identifier: Identifier | None) -> str:
    return identifier.value if identifier is not None else ABSENT


def _aspect(old: Identifier | None) -> Aspect:
    made_up = old is not None and not old.stated
    return Aspect.MADE_UP_MAC if made_up else Aspect.STATED_IDENTIFIER
