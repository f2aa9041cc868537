"""What lspci prints of functions that were read without it: all of a report's in one call.

Of functions with the same bytes it prints the same, so that each is asked about once. Where it is
missing, or not all bytes were read, there is still what `pciabi snapshot` shows of a function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pciabi import pciutils
from pciabi.abi.snapshot import PlacedFunction
from pciabi.errors import CannotTest
from pciabi.pci.address import GuestAddress
from pciabi.pci.function import PciFunction
from pciabi.report import snapshot_text

_FUNCTIONS, _SLOTS, _BUSES = 8, 32, 256


class LspciTexts:
    """The texts of some functions, by their bytes."""

    def __init__(self, functions: Iterable[PlacedFunction]) -> None:
        wanted = (placed.function for placed in functions if not _is_told(placed))
        whole = {function.config: function for function in wanted if function.is_whole}
        self._by_config = _by_lspci(tuple(whole.values()))

    def of(self, placed: PlacedFunction) -> str | None:
        """The text of a function, None where lspci could not be asked for it."""
        if _is_told(placed):
            return placed.function.text
        body = self._by_config.get(placed.function.config)
        if body is None or not placed.function.is_whole:
            return None
        return f"{placed.address} {body}"


def decoded(placed: PlacedFunction) -> str:
    """A function decoded without lspci, with what lspci asks a kernel for."""
    return "\n".join(snapshot_text.function_lines(placed, placed.device or ""))


def _is_told(placed: PlacedFunction) -> bool:
    """Whether a guest's own lspci has said more than the heading."""
    return "\n" in placed.function.text


def _by_lspci(functions: Sequence[PciFunction]) -> Mapping[bytes, str]:
    """What lspci prints of each behind its address; nothing where it cannot be asked."""
    if not functions:
        return {}
    # Functions of many VMs stand at the same addresses: each gets one of its own.
    placed = {_address(n): function for n, function in enumerate(functions)}
    try:
        text = pciutils.decoded([replace(one, address=at) for at, one in placed.items()])
    except CannotTest:
        return {}
    blocks = (block.partition(" ") for block in text.strip("\n").split("\n\n"))
    bodies = {address: body for address, _, body in blocks}
    found = {one.config: bodies.get(str(at)) for at, one in placed.items()}
    return {config: body for config, body in found.items() if body is not None}


def _address(number: int) -> GuestAddress:
    rest, function = divmod(number, _FUNCTIONS)
    rest, slot = divmod(rest, _SLOTS)
    domain, bus = divmod(rest, _BUSES)
    return GuestAddress(domain, bus, slot, function)
