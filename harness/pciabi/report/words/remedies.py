"""What mends a change, in the most concrete words that are sure to hold. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pciabi.abi.facts import properties
from pciabi.abi.judgement import Severity
from pciabi.result.cause import Cause, Origin
from pciabi.result.rows import Row
from pciabi.vm.drift.drift import MACHINE_TYPE, Kind

# What QEMU's option parser takes for no more than a word: no comma, no quote, no space.
_WORD = re.compile(r"[A-Za-z0-9_.:+/-]+")
_ON, _OFF = "on", "off"
_LEFT_OPEN = frozenset({Kind.MODEL, Kind.ATTRIBUTE, Kind.ALLOCATION})
_BY_PROPERTY = (Origin.PROPERTY, Origin.COMPAT_PROPERTY)


def remedies(row: Row) -> tuple[str, ...]:
    """What mends the changes of a row: the properties that cause it, all of one driver in one
    option, stated with their old values; where none is known the advice of its kind."""
    # A property may be told twice: as one that differs, and as what the machine types say of it.
    options: dict[str, dict[str, None]] = {}
    for cause in row.causes:
        driver, _, name = cause.name.partition(".")
        value = _old_value(cause, row)
        if value and all(map(_WORD.fullmatch, (driver, name, value))):
            options.setdefault(driver, {})[f"{name}={value}"] = None
    stated = (_option(driver, values, row) for driver, values in options.items())
    known = *_written_down(row), *(f"State the old value: `{option}`." for option in stated)
    return (*_kept_types(row), *(known or (row.change.kind.advice.remedy,)))


def _kept_types(row: Row) -> Iterator[str]:
    """The machine type that a domain leaves to libvirts which choose it differently. Not all that
    differs need be due to it."""
    for drift in row.drifts:
        if drift.field == MACHINE_TYPE and drift.before:
            yield (
                f"Write into the XML the machine type that the earlier libvirt has chosen, "
                f"{drift.before}; what differs then is due to something else."
            )


def _written_down(row: Row) -> Iterator[str]:
    """What to write into a domain that leaves something to libvirts which choose it differently."""
    for drift in row.drifts:
        if drift.kind in _LEFT_OPEN and drift.before and drift.field != MACHINE_TYPE:
            chosen = f"{drift.element}: {drift.field} {drift.before}"
            yield f"Write into the XML what the earlier libvirt has chosen: {chosen}."


def _old_value(cause: Cause, row: Row) -> str:
    """What brings the earlier hardware back; empty where the later QEMU is not sure to have the
    property and to take the value.

    A side that tells no value may not have the property at all, and QEMU refuses to start with one
    that it does not have. What only the later one has and what switches a feature on is switched
    off: the earlier one did not have the feature.
    """
    if cause.origin not in _BY_PROPERTY or not cause.after:
        return ""
    is_new_feature = row.change.kind == properties.CHANGED and row.severity is Severity.BREAKING
    return cause.before or (_OFF if is_new_feature and cause.after == _ON else "")


def _option(driver: str, values: Iterable[str], row: Row) -> str:
    # What a user has put there can be told by itself, what is built in only with all of its type.
    if driver == row.device and all(one.judged.change.id for one in row.sightings):
        return f"-device {driver},...,{','.join(values)}"
    return " ".join(f"-global {driver}.{value}" for value in values)
