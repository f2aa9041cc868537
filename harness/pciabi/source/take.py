"""Whatever a user names, as one side of a comparison: a recording read, or a VM probed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.errors import InputError, SourcePosition
from pciabi.json_documents import place_of
from pciabi.result.side import Side
from pciabi.scenario.find import find
from pciabi.scenario.observe import Observer
from pciabi.snapshots import lspci_text, read
from pciabi.source import live
from pciabi.source.kind import Kind, content, kind_of
from pciabi.source.request import Request


def take(request: Request, cancellation: Cancellation, observer: Observer) -> Side:
    """The side a user means.

    Raises InputError for a file that is wrong or options that cannot apply to it, CannotTest
    where nothing could be read, Interrupted.
    """
    (path, *more) = find([request.name])
    if more:
        raise InputError(f"'{request.name}' means {len(more) + 1} files, and one is wanted")
    raw = content(path)
    kind = kind_of(path, raw)
    if kind.is_recorded:
        _must_not_ask_for_more(request, kind, path)
        return _recorded(path, kind, raw)
    if kind is Kind.SCENARIO:
        return live.scenario(path, raw, request, cancellation, observer)
    return live.qemu_command_line(path, raw, request, cancellation)


def _must_not_ask_for_more(request: Request, kind: Kind, path: Path) -> None:
    if request.own:
        raise InputError(
            f"{request.own[0]} needs a configuration to start, and this is a {kind}",
            place=SourcePosition(str(path), 1),
        )


def _recorded(path: Path, kind: Kind, raw: bytes) -> Side:
    file = str(path)
    start = SourcePosition(file, 1)
    if kind is Kind.LSPCI:
        found = lspci_text.parse(raw, file)
        return Side(path.name, found, start, _lspci_places(raw, file, found))
    found = read.parse(raw, file)
    return Side(path.name, found, start, _snapshot_places(raw, file, found))


def _snapshot_places(raw: bytes, file: str, found: Snapshot) -> Mapping[str, SourcePosition]:
    text = raw.decode("utf-8-sig")
    lines = {
        line.strip().removeprefix('"address": "').rstrip(',"'): number
        for number, line in enumerate(text.split("\n"), start=1)
        if line.lstrip().startswith('"address": "')
    }
    first = place_of(text, ("functions",), file)
    return {
        str(placed.address): SourcePosition(file, lines.get(str(placed.address), first.line))
        for placed in found.functions
    }


def _lspci_places(raw: bytes, file: str, found: Snapshot) -> Mapping[str, SourcePosition]:
    addresses = {str(placed.address) for placed in found.functions}
    places = {}
    for number, line in enumerate(raw.decode("utf-8-sig").split("\n"), start=1):
        word = line.partition(" ")[0]
        for address in (word, f"0000:{word}"):
            if address in addresses:
                places[address] = SourcePosition(file, number)
    return places
