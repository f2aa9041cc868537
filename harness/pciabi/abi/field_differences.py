"""What differs between two lists of decoded fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from pciabi.abi.difference import Difference
from pciabi.abi.field_kinds import (
    ASSIGNED,
    BY_TOPIC,
    DEVICE_SPECIFIC,
    REGISTER,
    field_judgement,
)
from pciabi.pci.config_space import RegisterSpan
from pciabi.pci.layout import Field, FieldValue, Topic

Naming = Callable[[Topic, str], str]


def plain_name(_topic: Topic, field: str) -> str:
    """The naming of fields whose own name says enough."""
    return field


def field_differences(
    before: Sequence[FieldValue],
    after: Sequence[FieldValue],
    naming: Naming,
    *,
    read_cold: bool,
) -> Iterator[Difference]:
    """Fields that both sides have and whose values differ; `read_cold`: nobody had written
    anything to either side before it was read.

    A field that one side lacks follows from another difference (the capability's version or
    length, the header's type), which is reported for itself.
    """
    for old, other in _paired(before, after):
        if other.value == old.value:
            continue
        field = old.field
        yield Difference(
            BY_TOPIC[field.topic],
            field_judgement(field.field_class, read_cold=read_cold),
            naming(field.topic, field.name),
            old.shown,
            other.shown,
            old.offset,
            field.mask,
        )


def _paired(
    before: Sequence[FieldValue], after: Sequence[FieldValue]
) -> Iterable[tuple[FieldValue, FieldValue]]:
    """The fields that both sides have."""
    # Nearly always both were read by the same layout, whose fields need not be looked up.
    if len(before) == len(after) and all(
        one.field is two.field for one, two in zip(before, after, strict=True)
    ):
        return zip(before, after, strict=True)
    new = {_key(value.field): value for value in after}
    return ((old, new[_key(old.field)]) for old in before if _key(old.field) in new)


def register_differences(
    before: Iterable[RegisterSpan], after: Iterable[RegisterSpan], assigned: frozenset[int]
) -> Iterator[Difference]:
    """Device-specific bytes that differ, neighbours together; `assigned` are the offsets that
    firmware fills in."""
    old, new = _byte_values(before), _byte_values(after)
    run: list[tuple[int, int, int]] = []
    for offset in sorted(old.keys() & new.keys()):
        if old[offset] == new[offset]:
            continue
        if run and (offset != run[-1][0] + 1 or (offset in assigned) != (run[-1][0] in assigned)):
            yield _run(run, assigned)
            run = []
        run.append((offset, old[offset], new[offset]))
    if run:
        yield _run(run, assigned)


def _byte_values(spans: Iterable[RegisterSpan]) -> dict[int, int]:
    return {span.offset + index: value for span in spans for index, value in enumerate(span.raw)}


def _run(run: Sequence[tuple[int, int, int]], assigned: frozenset[int]) -> Difference:
    first, last = run[0][0], run[-1][0]
    span = f"0x{first:02x}" if first == last else f"0x{first:02x} to 0x{last:02x}"
    return Difference(
        REGISTER,
        ASSIGNED if first in assigned else DEVICE_SPECIFIC,
        f"device-specific register {span}",
        " ".join(f"{old:02x}" for _, old, _ in run),
        " ".join(f"{new:02x}" for _, _, new in run),
        first,
    )


def _key(field: Field) -> tuple[str, int, int]:
    return field.name, field.offset, field.mask
