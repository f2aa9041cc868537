"""How bad each sort of difference is, and why: one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pciabi.abi.change import Severity
from pciabi.pci.layout import FieldClass


class Aspect(StrEnum):
    """What is judged about a device."""

    MOVED = "moved"
    RENUMBERED = "renumbered"
    VANISHED = "vanished"
    APPEARED = "appeared"
    NAME = "name"
    STATED_IDENTIFIER = "stated-identifier"
    MADE_UP_MAC = "made-up-mac"
    FIXED = "fixed"
    CAPABILITY_LIST = "capability-list"
    BROKEN_LIST = "broken-list"
    BAR = "bar"
    ROM = "rom"
    SPACE_SIZE = "space-size"
    RESET_VALUE = "reset-value"
    SOFTWARE_WROTE = "software-wrote"
    STATUS = "status"
    ASSIGNED = "assigned"
    REGISTER = "register"
    DRIVER = "driver"


@dataclass(frozen=True)
class Judgement:
    """A severity and the reason for it, in one clause."""

    severity: Severity
    reason: str


_BREAKING, _NOTABLE, _BENIGN = Severity.BREAKING, Severity.NOTABLE, Severity.BENIGN

TABLE: Mapping[Aspect, Judgement] = MappingProxyType(
    {
        Aspect.MOVED: Judgement(
            _BREAKING, "the device sits at another place in the topology, which guests key it by"
        ),
        Aspect.RENUMBERED: Judgement(
            _BREAKING, "the guest address differs, and guests name devices by it"
        ),
        Aspect.VANISHED: Judgement(_BREAKING, "the guest loses a device"),
        Aspect.APPEARED: Judgement(_BREAKING, "the guest finds a device it has not seen"),
        Aspect.NAME: Judgement(
            _BREAKING, "the guest's network configuration refers to the interface by name"
        ),
        Aspect.STATED_IDENTIFIER: Judgement(
            _BREAKING, "the configuration gave the device another one, and guests know it by that"
        ),
        Aspect.MADE_UP_MAC: Judgement(
            _NOTABLE, "QEMU made it up, in the order of creation; state `mac=` to keep it"
        ),
        Aspect.FIXED: Judgement(
            _BREAKING, "the guest can only read this field: it is part of the hardware"
        ),
        Aspect.CAPABILITY_LIST: Judgement(
            _BREAKING, "drivers find features through the capability list"
        ),
        Aspect.BROKEN_LIST: Judgement(
            _BREAKING, "the list is broken in another way, so guests see other capabilities"
        ),
        Aspect.BAR: Judgement(_BREAKING, "kind and size of a BAR are fixed by the hardware"),
        Aspect.ROM: Judgement(_BREAKING, "presence and size of the ROM are fixed by the hardware"),
        Aspect.SPACE_SIZE: Judgement(
            _BREAKING, "extended configuration space exists on one side only"
        ),
        Aspect.RESET_VALUE: Judgement(
            _NOTABLE, "software may write this field, but it starts from another value"
        ),
        Aspect.SOFTWARE_WROTE: Judgement(
            _BENIGN, "software writes this field, so in a booted guest it tells of the software"
        ),
        Aspect.STATUS: Judgement(_BENIGN, "the device changes this field while it runs"),
        Aspect.ASSIGNED: Judgement(_BENIGN, "firmware or the guest assigns this value"),
        Aspect.REGISTER: Judgement(
            _NOTABLE, "a device-specific register: only the device's documentation tells its class"
        ),
        Aspect.DRIVER: Judgement(_BENIGN, "the guest's software chooses the driver"),
    }
)


def field_aspect(field_class: FieldClass, probes: frozenset[str]) -> Aspect:
    """How a differing field is judged, given how the two snapshots were taken.

    `probes` are the snapshots' `provenance.probe`. A writable field holds its reset value only
    where both were read cold.
    """
    if field_class is FieldClass.WRITABLE:
        return Aspect.RESET_VALUE if probes == {"cold"} else Aspect.SOFTWARE_WROTE
    return {
        FieldClass.FIXED: Aspect.FIXED,
        FieldClass.STATUS: Aspect.STATUS,
        FieldClass.ASSIGNED: Aspect.ASSIGNED,
    }[field_class]
