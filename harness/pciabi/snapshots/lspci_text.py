"""A saved text of lspci, taken in any guest, as a snapshot.

The text does not say where it comes from: provenance is empty but for the probe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pciabi.abi.snapshot import PlacedFunction, Provenance, Snapshot, path_made_of
from pciabi.errors import CannotTest, InputError, SourcePosition
from pciabi.json_documents import text_of
from pciabi.pci import listing
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.function import PciFunction
from pciabi.pci.topology import topology_paths

PROBE = "lspci"
_NOWHERE = Provenance(PROBE, "", "", "", "", "", "", ())


def parse(raw: bytes, file: str) -> Snapshot:
    """The snapshot in lspci's text. Raises InputError with file and line, CannotTest for a text
    that lists no function: nothing could be held against it."""
    if not raw.strip():
        raise CannotTest(
            "the input is empty: it lists no PCI function",
            advice="was what wrote it read twice, or did it fail?",
            place=SourcePosition(file, 1),
        )
    try:
        functions = listing.parse(text_of(raw, file))
    except CannotTest as error:
        if error.place is None:
            raise CannotTest(
                error.message, advice=error.advice, place=SourcePosition(file, 1)
            ) from None
        place = SourcePosition(file, error.place.line)
        raise InputError(error.message, advice=error.advice, place=place) from None
    paths = _paths(functions)
    return Snapshot(
        functions=tuple(_placed(function, paths) for function in functions),
        provenance=_NOWHERE,
    )


def _paths(functions: Sequence[PciFunction]) -> Mapping[GuestAddress, TopologyPath]:
    """The paths that the text tells; those on other hypervisors' further root buses are open."""
    try:
        return topology_paths(functions)
    except CannotTest:
        near = [function for function in functions if function.address.bus == 0]
        return topology_paths([replace(function, config=b"") for function in near])


def _placed(function: PciFunction, paths: Mapping[GuestAddress, TopologyPath]) -> PlacedFunction:
    path = paths.get(function.address)
    if path is None:
        made_up = path_made_of(function.address)
        return PlacedFunction(function, made_up, None, None, path_is_read=False)
    return PlacedFunction(function, path, None, None)
