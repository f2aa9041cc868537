"""The MAC address of a NIC, as QEMU has it.

Guests bind their network configuration to it, DHCP servers lease by it, and licences are bound
to it. One that the configuration does not state is made up by QEMU in the order of creation, so
that it moves to another NIC when the first one goes.
"""

from __future__ import annotations

from pciabi.abi.family import StoodInFor
from pciabi.abi.identifying import Identifier, identifying_family
from pciabi.abi.identity import is_network_function
from pciabi.pci.facts import Key

KEY: Key[Identifier | None] = Key("mac")

FAMILY = identifying_family(
    KEY,
    "MAC address",
    rank=110,
    # The real device that another one stands in for has an address of its own.
    stood_in_for=StoodInFor.TELLS_NOTHING,
    is_usual=is_network_function,
)
