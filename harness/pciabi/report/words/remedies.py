"""What mends a change, in the most concrete words that are sure to hold. Pure."""

from __future__ import annotations

import re

from pciabi.result.cause import Cause, Origin
from pciabi.result.rows import Row

# What QEMU's option parser takes for no more than a word: no comma, no quote, no space.
_WORD = re.compile(r"[A-Za-z0-9_.:+/-]+")
_BY_PROPERTY = (Origin.PROPERTY, Origin.COMPAT_PROPERTY)


def remedies(row: Row) -> tuple[str, ...]:
    """What mends the changes of a row: the properties that cause it, stated with their old values;
    where none is known the advice of its kind."""
    stated = tuple(dict.fromkeys(filter(None, (_stated(cause, row) for cause in row.causes))))
    return stated or (row.change.kind.advice.remedy,)


def _stated(cause: Cause, row: Row) -> str | None:
    """The option that gives a property its old value again; None where it is not sure that the
    later QEMU has the property and takes the value.

    A side that tells no value may not have the property at all, and QEMU refuses to start with one
    that it does not have.
    """
    driver, dot, name = cause.name.partition(".")
    told = cause.origin in _BY_PROPERTY and cause.before and cause.after and dot
    if not told or not all(map(_WORD.fullmatch, (driver, name, cause.before))):
        return None
    # What a user has put there can be told by itself, what is built in only with all of its type.
    if driver == row.device and all(one.judged.change.id for one in row.sightings):
        return f"State the old value: `-device {driver},...,{name}={cause.before}`."
    return f"State the old value: `-global {driver}.{name}={cause.before}`."
