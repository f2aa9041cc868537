"""The network interfaces on each function, as the guest's `interfaces` script lists them."""

from __future__ import annotations

from collections.abc import Sequence

from pciabi.abi.snapshot import INTERFACES, Interface, NetworkInterface, PlacedFunction
from pciabi.pci.facts import UNREAD, Unread
from pciabi.probe.fact_readers import FunctionReader


def _read(
    listed: Sequence[NetworkInterface], function: PlacedFunction
) -> tuple[Interface, ...] | Unread:
    here = tuple(
        Interface(nic.mac, nic.driver, nic.name, nic.candidates)
        for nic in listed
        if nic.address == function.address
    )
    return here or UNREAD


READERS = (FunctionReader(INTERFACES, _read),)
