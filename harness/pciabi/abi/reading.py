"""What of a configuration space was really read: decoded, without the bits that its source left
open, and the names of what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from pciabi.pci import registers as reg
from pciabi.pci.capabilities import Capability
from pciabi.pci.config_space import ConfigSpace, RegisterSpan, decode
from pciabi.pci.function import PciFunction
from pciabi.pci.layout import FieldValue


class Area(StrEnum):
    """Some registers of configuration space that a source may leave open."""

    INTERFACE = "programming interface"
    SUBSYSTEM = "subsystem ids"
    HEADER = "header registers"
    CAPABILITY_LIST = "capability list"
    EXTENDED_LIST = "extended capability list"
    CAPABILITIES = "capability registers"
    REGISTERS = "device-specific registers"


@dataclass(frozen=True)
class Reading:
    """One configuration space as far as it was read. `space` holds only fields and bytes that
    were; `missing` names the areas of which something was not."""

    function: PciFunction
    space: ConfigSpace
    missing: frozenset[Area]

    @property
    def whole(self) -> bool:
        """Whether every byte of configuration space was read."""
        return self.function.is_whole


def missing_areas(function: PciFunction) -> frozenset[Area]:
    """The areas of which something was not read. Raises CannotTest as `reading`."""
    # Nothing to decode where nothing is missing.
    return frozenset() if function.is_whole else reading(function).missing


def reading(function: PciFunction) -> Reading:
    """What was read of a configuration space. Raises CannotTest for a size that none has."""
    space = decode(function.config)
    if function.is_whole:
        return Reading(function, space, frozenset())
    missing = frozenset(_missing_areas(function, space))
    return Reading(function, _read_only(function, space, missing), missing)


def _missing_areas(function: PciFunction, space: ConfigSpace) -> Iterator[Area]:
    if not function.was_read(reg.CLASS_CODE, 1, 0xFF):
        yield Area.INTERFACE
    normal = space.header_type == reg.HEADER_TYPE_NORMAL
    if normal and not function.was_read(reg.SUBSYSTEM_VENDOR_ID, 4, 0xFFFFFFFF):
        yield Area.SUBSYSTEM
    if any(not _was_read(function, value) for value in space.header):
        yield Area.HEADER
    conventional, extended = _lists_were_read(function, space)
    if not conventional:
        yield Area.CAPABILITY_LIST
    if not extended:
        yield Area.EXTENDED_LIST
    listed = [c for c in space.capabilities if (extended if c.extended else conventional)]
    if any(not _was_read(function, value) for c in listed for value in c.fields):
        yield Area.CAPABILITIES
    if any(0 in _mask_of(function, span) for span in space.registers):
        yield Area.REGISTERS


def _lists_were_read(function: PciFunction, space: ConfigSpace) -> tuple[bool, bool]:
    conventional = function.was_read(reg.STATUS, 2, reg.STATUS_CAPABILITIES_LIST)
    pointer = reg.CAPABILITIES_POINTER.get(space.header_type)
    if conventional and function.config[reg.STATUS] & reg.STATUS_CAPABILITIES_LIST:
        heads = [pointer] if pointer is not None else []
        heads += [c.offset for c in space.capabilities if not c.extended]
        conventional = all(function.was_read(at, 1, 0xFF) for at in heads)
    # Whether there is extended space is told by the first list.
    extended = conventional
    if space.size == reg.EXTENDED_SIZE:
        offsets = [c.offset for c in space.capabilities if c.extended]
        extended = all(
            function.was_read(at, 4, 0xFFFFFFFF) for at in (reg.CONVENTIONAL_SIZE, *offsets)
        )
    return conventional, extended


def _read_only(function: PciFunction, space: ConfigSpace, missing: frozenset[Area]) -> ConfigSpace:
    unlisted = {False: Area.CAPABILITY_LIST in missing, True: Area.EXTENDED_LIST in missing}
    return replace(
        space,
        header=_read_fields(function, space.header),
        capabilities=tuple(
            _read_capability(function, capability)
            for capability in space.capabilities
            if not unlisted[capability.extended]
        ),
        registers=tuple(
            run for span in space.registers for run in _read_runs(span, _mask_of(function, span))
        ),
    )


def _read_capability(function: PciFunction, capability: Capability) -> Capability:
    return replace(capability, fields=_read_fields(function, capability.fields))


def _read_fields(function: PciFunction, values: tuple[FieldValue, ...]) -> tuple[FieldValue, ...]:
    return tuple(value for value in values if _was_read(function, value))


def _was_read(function: PciFunction, value: FieldValue) -> bool:
    return function.was_read(value.offset, value.field.width, value.field.mask)


def _mask_of(function: PciFunction, span: RegisterSpan) -> bytes:
    return function.known[span.offset : span.offset + len(span.raw)]


def _read_runs(span: RegisterSpan, mask: bytes) -> Iterator[RegisterSpan]:
    start: int | None = None
    for index, known in enumerate((*mask, 0)):
        if known == 0xFF and start is None:
            start = index
        if known != 0xFF and start is not None:
            yield RegisterSpan(span.offset + start, span.raw[start:index])
            start = None
