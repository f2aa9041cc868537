"""Where a PCI function sits: its guest address and its topology path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_ADDRESS = re.compile(
    r"(?:(?P<domain>[0-9a-f]{4,8}):)?(?P<bus>[0-9a-f]{2}):(?P<slot>[0-9a-f]{2})\.(?P<function>[0-7])",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, order=True)
class GuestAddress:
    """`domain:bus:slot.function` as the guest sees it; bus numbers are the firmware's."""

    domain: int
    bus: int
    slot: int
    function: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `0000:00:03.0` or `00:03.0`, as lspci and sysfs write it.

        Raises ValueError for anything else, a slot above 1f included.
        """
        match = _ADDRESS.fullmatch(text)
        if match is None or int(match["slot"], 16) > 0x1F:
            raise ValueError(f"not a PCI address: {text!r}")
        return cls(
            int(match["domain"] or "0", 16),
            int(match["bus"], 16),
            int(match["slot"], 16),
            int(match["function"], 16),
        )

    def __str__(self) -> str:
        return f"{self.domain:04x}:{self.bus:02x}:{self.slot:02x}.{self.function:x}"

    @property
    def devfn(self) -> int:
        """Slot and function in one byte, `slot << 3 | function`."""
        return self.slot << 3 | self.function


@dataclass(frozen=True, order=True)
class TopologyPath:
    """The way from a root bus down to a function, free of bus numbers.

    `root` is the number of the root bus (0, or an expander bus's `bus_nr`); `hops` are
    the slot and function of each bridge on the way and of the function itself.
    Written `0/1c.0/00.0`.
    """

    root: int
    hops: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Inverse of `str`. Raises ValueError."""
        root, *hops = text.split("/")
        if not hops:
            raise ValueError(f"not a PCI path: {text!r}")
        pairs = [hop.split(".") for hop in hops]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError(f"not a PCI path: {text!r}")
        return cls(
            int(root, 16), tuple((int(slot, 16), int(function, 16)) for slot, function in pairs)
        )

    def __str__(self) -> str:
        hops = "/".join(f"{slot:02x}.{function:x}" for slot, function in self.hops)
        return f"{self.root:x}/{hops}"

    def below(self, slot: int, function: int) -> TopologyPath:
        """The path of a function on the bus behind this bridge."""
        return TopologyPath(self.root, (*self.hops, (slot, function)))
