"""The guest's own word on its network interfaces, as its `interfaces` script prints it."""

from __future__ import annotations

from pciabi.abi.snapshot import NetworkInterface
from pciabi.errors import GuestError
from pciabi.pci.address import GuestAddress

COMMAND = "/usr/lib/pciabi/interfaces"
_NAMES = "ID_NET_NAME"


def parse(text: str) -> tuple[NetworkInterface, ...]:
    """Blocks of KEY=VALUE lines, ended by empty lines. Raises GuestError for anything else."""
    blocks = [block for block in text.replace("\r", "").split("\n\n") if block.strip()]
    return tuple(sorted(map(_interface, blocks), key=lambda interface: interface.address))


def _interface(block: str) -> NetworkInterface:
    pairs = dict(line.partition("=")[::2] for line in block.strip().splitlines())
    try:
        return NetworkInterface(
            address=GuestAddress.parse(pairs["ADDRESS"]),
            mac=pairs["MAC"].lower(),
            driver=pairs.get("DRIVER") or None,
            name=pairs.get("NAME") or None,
            candidates=tuple(
                (key, value) for key, value in pairs.items() if key.startswith(_NAMES)
            ),
        )
    except (KeyError, ValueError) as error:
        raise GuestError(f"the guest's list of interfaces cannot be read: {error}") from error
