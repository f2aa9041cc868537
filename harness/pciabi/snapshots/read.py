"""A snapshot file read back. Whatever the file holds ends in a snapshot or one clear error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pciabi.abi.families import function_families, machine_families
from pciabi.abi.snapshot import (
    Creation,
    PlacedFunction,
    Provenance,
    Snapshot,
    Substitution,
    Unreachable,
    path_made_of,
)
from pciabi.bounded_files import read_limited
from pciabi.documents import Location, validate_json
from pciabi.errors import CannotTest, InputError, SourcePosition
from pciabi.json_documents import load, place_of, text_of
from pciabi.pci.address import GuestAddress, TopologyPath
from pciabi.pci.function import PciFunction, all_bits
from pciabi.snapshots import forms
from pciabi.snapshots.schema import FunctionPart, SnapshotFile
from pciabi.snapshots.upgrade import READABLE, upgraded
from pciabi.snapshots.version import FAMILY, MAX_BYTES, SCHEMA


def read(path: Path) -> Snapshot:
    """The snapshot in a file. Raises InputError with file and line, CannotTest for one without
    functions: nothing could be held against it."""
    return parse(read_limited(path, MAX_BYTES), str(path))


def parse(raw: bytes, file: str) -> Snapshot:
    """The snapshot in a file's bytes. Raises as `read`."""
    text = text_of(raw, file)
    data = load(text, file)
    _must_be_a_snapshot(data, text, file)
    document = validate_json(upgraded(data), SnapshotFile, text, file)
    if not document.functions:
        raise CannotTest(
            "the snapshot holds no function, so nothing can be held against it",
            place=place_of(text, ("functions",), file),
        )
    places = _Places(text, file)
    places.must_differ(document.functions, lambda function: function.address, "address")
    places.must_differ(document.functions, _path, "path")
    functions = [_function(part, index, places) for index, part in enumerate(document.functions)]
    functions.sort(key=lambda placed: placed.address)
    return Snapshot(
        functions=tuple(functions),
        provenance=_provenance(document),
        unreachable=tuple(
            Unreachable(TopologyPath.parse(u.path), u.id, u.device, u.reason)
            for u in document.unreachable
        ),
        substitutions=tuple(
            Substitution(s.option, s.inert, s.id, tuple(s.unknown), s.device, s.ordinal)
            for s in document.substitutions
        ),
        creations=tuple(
            Creation(c.id, c.device, TopologyPath.parse(c.path), c.pinned)
            for c in document.creations
        ),
        facts=forms.facts_in(document.facts, machine_families(), ("facts",), places.place),
    )


class _Places:
    """Where the parts of the document stand."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file

    def place(self, location: Location) -> SourcePosition:
        return place_of(self.text, location, self.file)

    def error(self, message: str, *location: int | str) -> InputError:
        return InputError(message, place=self.place(location))

    def must_differ(
        self, functions: Iterable[FunctionPart], key: Callable[[FunctionPart], Hashable], name: str
    ) -> None:
        counted = Counter[Hashable]()
        for index, function in enumerate(functions):
            counted[key(function)] += 1
            if counted[key(function)] > 1:
                raise self.error(
                    f"two functions have the {name} {key(function)}", "functions", index, name
                )


def _must_be_a_snapshot(data: Any, text: str, file: str) -> None:
    said = data.get("schema") if isinstance(data, dict) else None
    if said in READABLE:
        return
    place = place_of(text, ("schema",), file)
    if isinstance(said, str) and said.startswith(f"{FAMILY}/"):
        raise InputError(
            f"schema {said[:40]!r} is another version than this pciabi reads: "
            f"{', '.join(READABLE)}",
            advice="take the snapshot again, or use the pciabi that wrote it",
            place=place,
        )
    raise InputError(f"not a snapshot file: its schema is not {SCHEMA}", place=place)


def _provenance(document: SnapshotFile) -> Provenance:
    origin = document.provenance
    return Provenance(
        probe=origin.probe,
        qemu_version=origin.qemu_version,
        qemu_package=origin.qemu_package,
        machine=origin.machine,
        accelerator=origin.accelerator,
        firmware=origin.firmware,
        guest=origin.guest,
        command_line=tuple(origin.command_line),
        libvirt=origin.libvirt,
    )


def _function(part: FunctionPart, index: int, places: _Places) -> PlacedFunction:
    config = _bytes(part.config, part.size, places, index, "config")
    known = all_bits(config)
    if part.known != "all":
        known = _bytes(part.known, part.size, places, index, "known")
    address = GuestAddress.parse(part.address)
    within = ("functions", index, "facts")
    facts = forms.facts_in(part.facts, function_families(), within, places.place)
    text = f"{address} {part.name}" if part.name else ""
    return PlacedFunction(
        PciFunction(address, config, known, facts, text),
        _path(part),
        part.id,
        part.device,
        path_is_read=part.path is not None,
    )


def _path(part: FunctionPart) -> TopologyPath:
    if part.path is None:
        return path_made_of(GuestAddress.parse(part.address))
    return TopologyPath.parse(part.path)


def _bytes(rows: Mapping[str, str], size: int, places: _Places, index: int, name: str) -> bytes:
    data = bytearray(size)
    for offset, row in rows.items():
        start = int(offset, 16)
        if start >= size or f"{start:02x}" != offset:
            raise places.error(
                f"no row of {size} bytes begins at {offset}", "functions", index, name, offset
            )
        data[start : start + 16] = bytes.fromhex(row)
    return bytes(data)
