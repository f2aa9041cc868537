"""Decode a whole configuration space into classified fields, and encode them again.

Every bit belongs to exactly one field: of the header, of a capability, or of a register that
neither covers (device-specific), so `encode(decode(config)) == config` for any bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pciabi.errors import CannotTest
from pciabi.pci import registers as reg
from pciabi.pci.capabilities import (
    Capability,
    Finding,
    conventional_capabilities,
    extended_capabilities,
    maximum_link_width,
)
from pciabi.pci.capability_layout import Surroundings
from pciabi.pci.header_layout import header_structure
from pciabi.pci.layout import FieldValue, read_fields

_SIZES = (reg.HEADER_SIZE, 0x80, reg.CONVENTIONAL_SIZE, reg.EXTENDED_SIZE)


@dataclass(frozen=True)
class RegisterSpan:
    """Neighbouring bytes that neither the header nor a capability covers: only the device's own
    documentation tells what they are."""

    offset: int
    raw: bytes


@dataclass(frozen=True)
class ConfigSpace:
    """One function's configuration space, decoded. `findings` tell what is wrong with it."""

    size: int
    header_type: int
    header: tuple[FieldValue, ...]
    capabilities: tuple[Capability, ...]
    registers: tuple[RegisterSpan, ...]
    findings: tuple[Finding, ...]

    def fields(self) -> Iterator[FieldValue]:
        """Every field of the header and the capabilities."""
        yield from self.header
        for capability in self.capabilities:
            yield from capability.fields

    def capability(self, number: int, *, extended: bool) -> Capability | None:
        """The first capability of this id in its list, or None."""
        return next(
            (c for c in self.capabilities if c.id == number and c.extended is extended), None
        )


@lru_cache(maxsize=256)
def decode(config: bytes) -> ConfigSpace:
    """The fields of 64, 128, 256 or 4096 bytes, whatever they hold.

    Raises CannotTest for another number of bytes.
    """
    if len(config) not in _SIZES:
        raise CannotTest(f"configuration space of {len(config)} bytes is neither 256 nor 4096")
    around = _surroundings(config)
    bars = [
        int.from_bytes(config[offset : offset + 4], "little")
        for offset in _bar_offsets(around.header_type)
    ]
    header = header_structure(around.header_type, bars)
    conventional = conventional_capabilities(config, around)
    extended = extended_capabilities(config, maximum_link_width(conventional.capabilities))
    capabilities = (*conventional.capabilities, *extended.capabilities)
    return ConfigSpace(
        size=len(config),
        header_type=around.header_type,
        header=read_fields(config, 0, header.fields),
        capabilities=capabilities,
        registers=_registers(config, capabilities),
        findings=(*_absence(config), *conventional.findings, *extended.findings),
    )


def encode(space: ConfigSpace) -> bytes:
    """The bytes `space` was decoded from."""
    config = bytearray(space.size)
    for span in space.registers:
        config[span.offset : span.offset + len(span.raw)] = span.raw
    for value in space.fields():
        end = value.offset + value.field.width
        register = int.from_bytes(config[value.offset : end], "little")
        register |= value.value << value.field.shift
        config[value.offset : end] = register.to_bytes(value.field.width, "little")
    return bytes(config)


def _surroundings(config: bytes) -> Surroundings:
    return Surroundings(
        vendor=int.from_bytes(config[reg.VENDOR_ID : reg.VENDOR_ID + 2], "little"),
        device=int.from_bytes(config[reg.DEVICE_ID : reg.DEVICE_ID + 2], "little"),
        header_type=config[reg.HEADER_TYPE] & reg.HEADER_TYPE_MASK,
    )


def _bar_offsets(header_type: int) -> range:
    count = reg.BAR_COUNT.get(header_type, 0)
    return range(reg.BAR_BASE, reg.BAR_BASE + 4 * count, 4)


def _registers(config: bytes, capabilities: tuple[Capability, ...]) -> tuple[RegisterSpan, ...]:
    spans = []
    start = reg.HEADER_SIZE
    for capability in sorted(capabilities, key=lambda capability: capability.offset):
        if capability.offset > start:
            spans.append(RegisterSpan(start, config[start : capability.offset]))
        start = capability.offset + capability.length
    if start < len(config):
        spans.append(RegisterSpan(start, config[start:]))
    return tuple(spans)


def _absence(config: bytes) -> tuple[Finding, ...]:
    if config[reg.VENDOR_ID : reg.VENDOR_ID + 2] == b"\xff\xff":
        return (Finding(reg.VENDOR_ID, "no function answers: the vendor id reads as all ones"),)
    return ()
