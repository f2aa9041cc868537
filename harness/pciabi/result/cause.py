"""Why two hypervisors, or two machine types, show a guest other hardware. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pciabi.abi.change import Change


class Origin(StrEnum):
    """Where a cause was found."""

    PROPERTY = "device property"
    COMPAT_PROPERTY = "compat property"
    ALLOCATION = "allocation drift"


@dataclass(frozen=True)
class Cause:
    """One reason and the changes it explains, none where no change that a guest sees is due to it.

    `name` is `DRIVER.PROPERTY` of a property, `device` the label of the device that has it; of an
    allocation drift `name` is the device that is not pinned. `before` and `after` are the values on
    the two sides, empty on a side that does not tell. `machines` are the machine types that a
    compat property is set for.
    """

    origin: Origin
    name: str
    device: str
    before: str
    after: str
    explains: tuple[Change, ...] = ()
    machines: tuple[str, ...] = ()
