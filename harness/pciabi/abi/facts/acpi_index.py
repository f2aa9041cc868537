"""The index that ACPI gives a device (`acpi-index=`).

systemd names a NIC by it (`eno1`) before it looks at the slot or the path.
"""

from __future__ import annotations

from pciabi.abi.family import StoodInFor
from pciabi.abi.identifying import Identifier, identifying_family
from pciabi.pci.facts import Key

KEY: Key[Identifier | None] = Key("acpi-index")

FAMILY = identifying_family(KEY, "ACPI index", rank=130, stood_in_for=StoodInFor.TELLS)
