"""Where in the topology a function sits, in one word. Pure."""

from __future__ import annotations

from collections.abc import Container
from enum import StrEnum

from pciabi.abi.snapshot import PlacedFunction, Snapshot
from pciabi.pci import registers as reg
from pciabi.pci.address import TopologyPath
from pciabi.pci.config_space import decode

_EXPRESS_UPSTREAM_PORT = 0x5
_EXPRESS_CAPABILITIES = 0x2
_CXL_PORTS = "cxl-"


class Placement(StrEnum):
    """On a root bus; behind a root port (through switches too), a bridge, or a CXL port; not on
    PCI; or built into the machine, stated by no file and without an id of its own."""

    ROOT = "root"
    RP = "rp"
    BRIDGE = "bridge"
    CXL = "cxl"
    PLATFORM = "platform"
    IMPLICIT = "implicit"


def placement(
    function: PlacedFunction, snapshot: Snapshot, written: Container[str] = ()
) -> Placement:
    """Where a function of this snapshot sits. `written` are the guest addresses of functions that
    the user's file states without an id."""
    if function.qdev_id is None and str(function.address) not in written:
        return Placement.IMPLICIT
    path = function.path
    while len(path.hops) > 1:
        path = TopologyPath(path.root, path.hops[:-1])
        parent = snapshot.at_path(path)
        if parent is None:
            return Placement.BRIDGE
        if (parent.device or "").startswith(_CXL_PORTS):
            return Placement.CXL
        port = _port_type(parent)
        if port == reg.EXPRESS_TYPE_ROOT_PORT:
            return Placement.RP
        if port not in (_EXPRESS_UPSTREAM_PORT, reg.EXPRESS_TYPE_DOWNSTREAM_PORT):
            return Placement.BRIDGE
    return Placement.ROOT


def _port_type(function: PlacedFunction) -> int | None:
    """The device/port type of the PCI Express Capabilities Register (PCI Express 5.0, 7.5.3.2)."""
    express = decode(function.function.config).capability(reg.CAP_EXPRESS, extended=False)
    if express is None or len(express.raw) <= _EXPRESS_CAPABILITIES:
        return None
    return express.raw[_EXPRESS_CAPABILITIES] >> 4
