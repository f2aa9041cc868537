"""What two libvirts make differently of one domain. Data only.

Whether a guest notices is the hardware's to tell: a drift is a reason, and no break by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pciabi.errors import SourcePosition

MACHINE_TYPE = "machine type"
"""The field of a drift that is about the machine type."""
GLOBAL = "-global "
"""How the field of a drift begins that is about every device of a type."""


class Kind(StrEnum):
    """In what they differ. `ALLOCATION`: where on PCI a device is put; `IMPLICIT`: an element that
    only one of them adds; `MODEL`: a model or a default that the user left open; `ATTRIBUTE`:
    anything else that they write into the XML; `COMMAND_LINE`: how they start QEMU with it."""

    ALLOCATION = "allocation"
    IMPLICIT = "implicit"
    MODEL = "model"
    ATTRIBUTE = "attribute"
    COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Drift:
    """One difference. `element` is what the domain's owner calls it (`controller usb 0`), `field`
    what of it differs, empty where the element is there on one side only. `before` and `after`
    are as written, empty where a side writes nothing. `place` is in the user's file. `ids` are
    the qdev ids that the element has on either side, none where it is no device of its own.
    """

    kind: Kind
    element: str
    field: str
    before: str
    after: str
    place: SourcePosition
    ids: tuple[str, ...] = ()
