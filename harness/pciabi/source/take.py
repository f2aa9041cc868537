"""Whatever a user names, as one side of a comparison: a recording read, or a VM probed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pciabi.abi.choice import restricted
from pciabi.abi.snapshot import Snapshot
from pciabi.cancellation import Cancellation
from pciabi.errors import InputError, SourcePosition
from pciabi.json_documents import place_of
from pciabi.result.side import Side
from pciabi.scenario_files import find
from pciabi.source.content import Content, bytes_of, content_of
from pciabi.source.request import Request

if TYPE_CHECKING:
    from pciabi.events import Tell

Watching = Callable[[], "AbstractContextManager[Tell]"]
"""Gives whom to tell, for as long as hardware is read. Called only where a scenario's is."""


def take(request: Request, cancellation: Cancellation, watching: Watching) -> Side:
    """The side a user means, with the facts of the wanted families alone.

    Raises InputError for a file that is wrong or options that cannot apply to it, CannotTest
    where nothing could be read, Interrupted.
    """
    side = _taken(request, cancellation, watching)
    return replace(side, snapshot=restricted(side.snapshot, request.families))


def _taken(request: Request, cancellation: Cancellation, watching: Watching) -> Side:
    (path, *more) = find([request.name])
    if more:
        raise InputError(f"'{request.name}' means {len(more) + 1} files, and one is wanted")
    raw = bytes_of(path)
    content = content_of(path, raw)
    if content.is_recorded:
        what = f"this is a {content}" if raw.strip() else "this file is empty"
        _must_not_ask_for_more(request, what, path)
        return recorded(path, content, raw)
    if request.libvirt is not None and content is not Content.DOMAIN:
        raise InputError(
            f"a version of libvirt was given, and this is a {content}, which no libvirt writes",
            place=SourcePosition(str(path), 1),
        )
    # Each draws in what only it needs: a command line neither a guest nor scenarios.
    if content is Content.SCENARIO:
        from pciabi.source import scenario_vm

        with watching() as tell:
            return scenario_vm.read(path, raw, request, cancellation, tell)
    if content is Content.DOMAIN:
        from pciabi.source import domain

        return domain.read(path, raw, request, cancellation)
    from pciabi.source import command_line

    return command_line.read(path, raw, request, cancellation)


def _must_not_ask_for_more(request: Request, what: str, path: Path) -> None:
    if request.own:
        raise InputError(
            f"{request.own[0]} needs a configuration to start, and {what}",
            place=SourcePosition(str(path), 1),
        )


def recorded(path: Path, content: Content, raw: bytes) -> Side:
    """The side that a recording is, whose content is `raw`. Raises InputError, CannotTest."""
    file = str(path)
    start = SourcePosition(file, 1)
    # Neither is imported above: what reads a recording takes longer to import than a QEMU to start.
    if content is Content.LSPCI:
        from pciabi.snapshots import lspci_text

        found = lspci_text.parse(raw, file)
        return Side(path.name, found, start, _lspci_places(raw, file, found))
    from pciabi.snapshots import read

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
