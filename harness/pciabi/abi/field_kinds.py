"""What differences of registers are called, and how bad they are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pciabi.abi.facts import bars, rom
from pciabi.abi.judgement import Judgement, benign, breaking, notable
from pciabi.abi.kind import KEEP, Advice, Kind
from pciabi.pci.layout import FieldClass, Topic

IDENTITY = Kind(
    "identity",
    rank=50,
    advice=Advice(
        "Identity changed",
        "Vendor, device, revision or subsystem ids differ: Windows builds the device's id from "
        "them, and drivers are chosen by them.",
        KEEP,
    ),
)
CLASS = Kind(
    "class",
    rank=60,
    advice=Advice(
        "Class changed",
        "The class code differs: systems without a driver for the ids choose by class.",
        KEEP,
    ),
)
HEADER = Kind(
    "header",
    rank=70,
    advice=Advice(
        "Header changed",
        "A register of the configuration header differs that the guest can only read.",
        KEEP,
    ),
)
CAPABILITY = Kind(
    "capability",
    rank=80,
    advice=Advice(
        "Capability changed",
        "A capability came, went, moved or holds another fixed value: drivers find features "
        "through the capability list.",
        KEEP,
    ),
)
INTERRUPT = Kind(
    "interrupt",
    rank=110,
    advice=Advice(
        "Interrupts changed",
        "The number of vectors, the table's place or the interrupt pin differs: drivers spread "
        "their queues over the vectors.",
        "Set `vectors=` explicitly.",
    ),
)
REGISTER = Kind(
    "register",
    rank=140,
    advice=Advice(
        "Device-specific register changed",
        "A register outside header and capabilities starts from another value; only the "
        "device's documentation tells what it means.",
        "Look the register up in the device's documentation.",
    ),
)

BY_TOPIC: Mapping[Topic, Kind] = MappingProxyType(
    {
        Topic.IDENTITY: IDENTITY,
        Topic.CLASS: CLASS,
        Topic.HEADER: HEADER,
        Topic.CAPABILITY: CAPABILITY,
        Topic.BAR: bars.CHANGED,
        Topic.ROM: rom.CHANGED,
        Topic.INTERRUPT: INTERRUPT,
    }
)

FIXED = breaking("the guest can only read this field: it is part of the hardware")
CAPABILITY_LIST = breaking("drivers find features through the capability list")
BROKEN_LIST = breaking("the list is broken in another way, so guests see other capabilities")
SPACE_SIZE = breaking("extended configuration space exists on one side only")
RESET_VALUE = notable("software may write this field, but it starts from another value")
DEVICE_SPECIFIC = notable(
    "a device-specific register: only the device's documentation tells its class"
)
SOFTWARE_WROTE = benign("software writes this field, so in a booted guest it tells of the software")
STATUS = benign("the device changes this field while it runs")
ASSIGNED = benign("firmware or the guest assigns this value")

JUDGEMENTS = (
    FIXED,
    CAPABILITY_LIST,
    BROKEN_LIST,
    SPACE_SIZE,
    RESET_VALUE,
    DEVICE_SPECIFIC,
    SOFTWARE_WROTE,
    STATUS,
    ASSIGNED,
)

_OF_CLASS = {
    FieldClass.FIXED: FIXED,
    FieldClass.STATUS: STATUS,
    FieldClass.ASSIGNED: ASSIGNED,
}


def field_judgement(field_class: FieldClass, *, read_cold: bool) -> Judgement:
    """How bad it is that a field differs. A writable one holds its reset value only where
    nobody had written to it on either side (`read_cold`)."""
    if field_class is FieldClass.WRITABLE:
        return RESET_VALUE if read_cold else SOFTWARE_WROTE
    return _OF_CLASS[field_class]
